import { randomUUID } from "node:crypto";
import { errors, type JWTPayload, jwtVerify, SignJWT } from "jose";
import type { User } from "./accounts.ts";

/** What a valid access token says. */
export interface Identity {
  subject: string;
  username: string;
  email: string;
  role: string;
  /** The refresh session that the token was issued to. */
  sessionId: string;
  /** ms since the epoch */
  issuedAt: number;
  /** ms since the epoch */
  expiresAt: number;
}

/** Why a token was not accepted. The message names neither the token nor its claims. */
export class AccessTokenError extends Error {
  override readonly name = "AccessTokenError";
  readonly code: "token_invalid" | "token_expired";

  constructor(code: "token_invalid" | "token_expired", options?: ErrorOptions) {
    super(
      code === "token_expired" ? "The access token has expired" : "The access token is not valid",
      options,
    );
    this.code = code;
  }
}

const ALGORITHM = "HS256";
const ISSUER = "authsocket-demo";
const AUDIENCE = "authsocket-demo-socket";

// `exp` and `iat` may have fractions (RFC 7519, NumericDate), which lets a lifetime be any number of milliseconds.
const toNumericDate = (instant: number): number => instant / 1000;
const fromNumericDate = (seconds: number): number => Math.round(seconds * 1000);

function toIdentity(claims: JWTPayload): Identity | undefined {
  const { sub, username, email, role, sid, iat, exp } = claims;
  if (
    typeof sub !== "string" ||
    typeof sid !== "string" ||
    typeof iat !== "number" ||
    typeof exp !== "number"
  )
    return undefined;
  if (typeof username !== "string" || typeof email !== "string" || typeof role !== "string") return undefined;
  return {
    subject: sub,
    username,
    email,
    role,
    sessionId: sid,
    issuedAt: fromNumericDate(iat),
    expiresAt: fromNumericDate(exp),
  };
}

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

  /** A new token, and its lifetime in seconds. */
  async issue(user: User, sessionId: string): Promise<{ token: string; expiresIn: number }> {
    const now = Date.now();
    const token = await new SignJWT({
      username: user.username,
      email: user.email,
      role: user.role,
      sid: sessionId,
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

  /** @throws {AccessTokenError} when the token is not one of ours, or no longer good */
  async verify(token: string): Promise<Identity> {
    const identity = toIdentity(await this.#verifiedClaims(token));
    if (!identity) throw new AccessTokenError("token_invalid");
    // jose compares whole seconds and would let a token live up to a second too long.
    if (identity.expiresAt <= Date.now()) throw new AccessTokenError("token_expired");
    return identity;
  }

  async #verifiedClaims(token: string): Promise<JWTPayload> {
    try {
      const { payload } = await jwtVerify(token, this.#key, {
        // Pinned: what the token's own header asks for decides nothing.
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        audience: AUDIENCE,
        requiredClaims: ["sub", "jti", "iat", "exp"],
      });
      return payload;
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw new AccessTokenError("token_expired", { cause: error });
      if (error instanceof errors.JOSEError) throw new AccessTokenError("token_invalid", { cause: error });
      throw error;
    }
  }
}
