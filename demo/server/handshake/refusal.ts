import { AuthError } from "authsocket/server";
import { errors } from "jose";

/** How long a client waits before it tries again, in ms. */
const RETRY_AFTER = 1_000;

/** The codes of jose's errors that are about the token. Its other errors are about the keys, such as a key server that is slow. */
const ABOUT_THE_TOKEN =
  /^ERR_(JW[TSE]_|JOSE_(ALG_NOT_ALLOWED|NOT_SUPPORTED)$|JWKS_(NO|MULTIPLE)_MATCHING_KEYS?$)/;

/**
 * How a middleware written by hand refuses a client for an error. `authenticate` of authsocket/server does the same with what
 * `verify` throws, and reports the faults too.
 */
export function toRefusal(error: unknown): AuthError {
  if (error instanceof AuthError) return error;
  if (error instanceof errors.JWTExpired) return new AuthError("token_expired", undefined, { cause: error });
  if (error instanceof errors.JOSEError && ABOUT_THE_TOKEN.test(error.code))
    return new AuthError("token_invalid", undefined, { cause: error });
  // The token is not to blame: the client should try again later, and not refresh.
  return new AuthError("unavailable", "Your sign-in cannot be checked at the moment", {
    retryAfter: RETRY_AFTER,
    cause: error,
  });
}
