import { randomUUID } from "node:crypto";
import { AuthError, type Identity } from "authsocket/server";
import { jwtVerify, SignJWT } from "jose";
import type { User } from "../people/accounts.ts";
import { AUDIENCE, type Claims, toIdentity, toNumericDate } from "./claims.ts";

const ALGORITHM = "HS256";
const ISSUER = "authsocket-demo";

/** How far the clocks of two nodes may be apart, in ms. */
const CLOCK_TOLERANCE = 5_000;

/** Issues and verifies access tokens: JWTs signed with one shared secret. */
export class AccessTokens {
  readonly #key: Uint8Array;
  readonly #lifetime: number;

  /**
   * @param options.secret at least 32 bytes
   * @param options.lifetime in ms
   */
  constructor(options: { secret: string; lifetime: number }) {
    this.#key = new TextEncoder().encode(options.secret);
    // A shorter key than the hash can be guessed from one token (RFC 7518, section 3.2).
    if (this.#key.length < 32) throw new TypeError('"secret" must be at least 32 bytes long');
    if (!Number.isFinite(options.lifetime) || options.lifetime <= 0)
      throw new TypeError('"accessTokenLifetime" must be a positive number of milliseconds');
    this.#lifetime = options.lifetime;
  }

  /** Issues a token. `expiresIn` is its lifetime in seconds. */
  async issue(user: User, familyId: string): Promise<{ token: string; expiresIn: number }> {
    const now = Date.now();
    const token = await new SignJWT({
      username: user.username,
      email: user.email,
      role: user.role,
      sid: familyId,
    })
      .setProtectedHeader({ alg: ALGORITHM, typ: "JWT" })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject(user.id)
      .setJti(randomUUID())
      .setIssuedAt(toNumericDate(now))
      .setExpirationTime(toNumericDate(now + this.#lifetime))
      .sign(this.#key);
    return { token, expiresIn: this.#lifetime / 1000 };
  }

  /** @throws {AuthError} or jose's error when the token was not issued by this server, or has expired */
  async verify(token: string): Promise<Identity<Claims>> {
    const { payload } = await jwtVerify(token, this.#key, {
      // Pinned: the algorithm that the token's header names must not decide.
      algorithms: [ALGORITHM],
      issuer: ISSUER,
      audience: AUDIENCE,
      requiredClaims: ["sub", "jti", "iat", "exp"],
    });
    const identity = toIdentity(payload);
    if (!identity) throw new AuthError("token_invalid");
    const { expiresAt, claims } = identity;
    const now = Date.now();
    // jose compares whole seconds, so it would accept a token for up to a second too long.
    if (expiresAt <= now) throw new AuthError("token_expired");
    // The signature is right, but the times cannot be: a clock is wrong, or somebody else has the key.
    const fromTheFuture = claims.issuedAt > now + CLOCK_TOLERANCE;
    const livesTooLong = expiresAt - claims.issuedAt > this.#lifetime + 1;
    if (fromTheFuture || livesTooLong) throw new AuthError("token_invalid");
    return identity;
  }
}
