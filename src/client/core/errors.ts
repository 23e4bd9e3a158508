export type AuthSocketErrorCode =
  /** nobody is signed in */
  | "signed_out"
  /** the refresh endpoint, or `Refresh`, ended the session */
  | "session_expired"
  /** the Socket.IO server refused one fresh token after another */
  | "token_rejected"
  /** the server refused the connection for a reason that no token can cure */
  | "forbidden"
  /** the server sent `auth:revoked` */
  | "revoked"
  /** the server disconnected a socket whose token was good, or did it again at once */
  | "kicked"
  /** another user has signed in */
  | "user_changed"
  /** the refresh could not be made, or was answered by an error; transient */
  | "refresh_failed"
  /** the refresh took longer than `refreshTimeout`; transient */
  | "refresh_timeout"
  /** the refresh was answered, but without a token; transient */
  | "invalid_response"
  /** a token would travel unencrypted */
  | "insecure_url"
  /** a token stands in a URL */
  | "token_in_url"
  /** the token store failed; the session goes on from memory */
  | "storage_unavailable";

/**
 * Every error that AuthSocket makes at run time. Misuse of an option is a TypeError instead.
 *
 * Throw one with the code `session_expired` from a `Refresh` function to end the session.
 *
 * @example
 * auth.whenConnected().catch((error) => {
 *   if (error instanceof AuthSocketError && error.code === "session_expired") showSignIn();
 * });
 */
export class AuthSocketError extends Error {
  readonly code: AuthSocketErrorCode;

  constructor(code: AuthSocketErrorCode, message: string = code, options?: { cause?: unknown }) {
    super(message, options);
    // Chrome before 93 and Firefox before 91 know no `cause` of an Error (B20).
    if (options && !("cause" in this)) this.cause = options.cause;
    this.name = "AuthSocketError";
    this.code = code;
  }
}
