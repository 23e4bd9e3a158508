import type { Refusal, RefusalCode } from "../protocol.ts";

/** The default messages, in words that clients which do not read codes know. */
const MESSAGES: Readonly<Record<RefusalCode, string>> = {
  token_missing: "No token provided",
  token_invalid: "Invalid token",
  token_expired: "Token expired",
  token_revoked: "Token revoked",
  insufficient_scope: "Insufficient scope",
  unavailable: "Authentication unavailable",
};

/** Marks an AuthError of any copy of the package: an ESM and a CJS build may be loaded side by side (V7). */
const BRAND: unique symbol = Symbol.for("authsocket.AuthError");

export interface AuthErrorOptions {
  /** ms after which the client may try again. Only with `unavailable`. Default: the client's own backoff. */
  retryAfter?: number | undefined;
  /** Stays on the server. */
  cause?: unknown;
}

/**
 * A refusal, which `verify` and `authorize` may throw. The client gets its code and its message, but not its cause.
 *
 * @example
 * throw new AuthError("unavailable", "The key server does not answer", { retryAfter: 5_000 });
 */
export class AuthError extends Error {
  readonly code: RefusalCode;
  /** What Socket.IO sends as `data` of the CONNECT_ERROR. */
  readonly data: Refusal;

  /**
   * @param message default: a few words for the code
   * @throws TypeError for a code that the protocol does not have, or a `retryAfter` that is not a duration
   */
  constructor(code: RefusalCode, message?: string, { retryAfter, cause }: AuthErrorOptions = {}) {
    if (!Object.hasOwn(MESSAGES, code)) {
      throw new TypeError(`"code" must be one of ${Object.keys(MESSAGES).join(", ")}`);
    }
    if (retryAfter !== undefined && !(Number.isFinite(retryAfter) && retryAfter >= 0)) {
      throw new TypeError('"retryAfter" must be a non-negative number of milliseconds');
    }
    super(message ?? MESSAGES[code], { cause });
    this.name = "AuthError";
    this.code = code;
    this.data = retryAfter === undefined ? { code } : { code, retryAfter };
  }

  /** @internal */
  get [BRAND](): true {
    return true;
  }
}

/** Whether something is an AuthError of this or another copy of the package. */
export function isAuthError(value: unknown): value is AuthError {
  return Object(value)[BRAND] === true;
}

/**
 * Returns the AuthError that the app has thrown, if any. One of another copy of the package is converted (V7). If that copy is of
 * another version, its code may be unknown here. Then the error says nothing.
 */
export function refusalOf(error: unknown): AuthError | undefined {
  try {
    if (error instanceof AuthError) return error;
    if (!isAuthError(error)) return undefined;
    const { data, message, cause }: Pick<AuthError, "data" | "message" | "cause"> = error;
    return new AuthError(data.code, message, { retryAfter: data.retryAfter, cause });
  } catch {
    return undefined;
  }
}
