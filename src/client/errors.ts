export type AuthSocketErrorCode =
  /** nobody is signed in */
  | "signed_out"
  /** the refresh endpoint, function or source has ended the session, or another tab has used its refresh token */
  | "session_expired"
  /** the Socket.IO server refused a fresh token too; the socket tries again */
  | "token_rejected"
  /** the server does not allow this user to connect, or has refused twice without a code; or `payload` threw */
  | "forbidden"
  /** the server sent `auth:revoked`, or `forceDisconnect` and then disconnected */
  | "revoked"
  /** the server disconnected a socket whose token was good */
  | "kicked"
  /** another user has signed in */
  | "user_changed"
  /** the refresh could not be made, or was answered by an error; it is tried again */
  | "refresh_failed"
  /** the refresh took longer than `refreshTimeout`; it is tried again */
  | "refresh_timeout"
  /** the refresh was answered, but without a usable token; it is tried again */
  | "invalid_response"
  /** a token would travel unencrypted */
  | "insecure_url"
  /** a token stands in a URL */
  | "token_in_url"
  /** the token store failed; the session goes on from memory */
  | "storage_unavailable"
  /** the server cannot be reached, or does not answer */
  | "unreachable";

/**
 * A runtime failure. Its `code` says what happened. Misuse of an option is a TypeError instead.
 *
 * Throw one with the code `session_expired` from a `Refresh` function to end the session.
 *
 * @example
 * auth.whenConnected().catch((error) => {
 *   if (error.code === "session_expired") showSignIn();
 * });
 */
export class AuthSocketError extends Error {
  readonly code: AuthSocketErrorCode;
  // Declared only: a field of the class would be there, undefined, where there is no cause.
  declare readonly cause?: unknown;

  constructor(code: AuthSocketErrorCode, message: string = code, options?: { cause?: unknown }) {
    super(message);
    this.name = "AuthSocketError";
    this.code = code;
    // As the language does it: hidden from enumeration, and absent where there is none.
    if (options && "cause" in options) {
      Object.defineProperty(this, "cause", { value: options.cause, configurable: true, writable: true });
    }
  }
}

/** Recognises an error of any copy of the package, by its name and not by `instanceof`. */
export function isAuthSocketError(value: unknown): value is AuthSocketError {
  const { name, code } = Object(value);
  return name === "AuthSocketError" && typeof code === "string";
}
