import { AuthError, type Identity } from "authsocket/server";
import { createLocalJWKSet, decodeProtectedHeader, type JWTVerifyGetKey, jwtVerify } from "jose";
import { AUDIENCE, type Claims, toIdentity } from "./claims.ts";
import type { ProviderKeys } from "./provider-keys.ts";

/**
 * Verifies access tokens of the OpenID provider, by the key that it publishes. With a provider elsewhere, the keys would be
 * `createRemoteJWKSet(new URL("https://…/jwks"))`. Then `verify` also rejects when the keys cannot be fetched. That says nothing
 * about the token, so jose's errors are passed on as they are: `authenticate` distinguishes them.
 */
export class ProviderTokens {
  readonly #keys: JWTVerifyGetKey;
  readonly #kid: string;

  constructor({ publicKey }: ProviderKeys) {
    this.#kid = String(publicKey.kid);
    this.#keys = createLocalJWKSet({ keys: [{ ...publicKey, kty: "OKP" }] });
  }

  /** Whether a token claims to be the provider's. Its signature is still to be verified. */
  isProviders(token: string): boolean {
    try {
      return decodeProtectedHeader(token).kid === this.#kid;
    } catch {
      return false;
    }
  }

  /** @throws {AuthError} or jose's error when the provider has not issued the token, or it has expired */
  async verify(token: string): Promise<Identity<Claims>> {
    const { payload } = await jwtVerify(token, this.#keys, {
      algorithms: ["EdDSA"],
      audience: AUDIENCE,
      requiredClaims: ["iss", "sub", "jti", "iat", "exp"],
    });
    const identity = toIdentity(payload);
    if (!identity) throw new AuthError("token_invalid");
    // jose compares whole seconds, so it would accept a token for up to a second too long.
    if (identity.expiresAt <= Date.now()) throw new AuthError("token_expired");
    return identity;
  }
}
