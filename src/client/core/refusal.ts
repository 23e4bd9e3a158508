import { INSUFFICIENT_SCOPE, TOKEN_CODES, UNAVAILABLE } from "../../protocol.ts";

/** What `connect_error` brings: the server's message, and `data` where it sends any. */
export type ConnectError = Error & { data?: unknown };

const UNAUTHORIZED = 401;

// Servers that send no code; the words of widespread tutorials and libraries, which is all they give.
const MESSAGES =
  /invalid (or expired )?token|no token provided|authentication (token required|error)|not authenticated|jwt expired|unauthorized/i;

/**
 * The default of the option `isTokenRefused`: whether a refused connection would be cured by a fresh token.
 * True for the protocol's token codes, for a numeric 401 in `data.status` or `data.code`, and, where the server sends
 * no code that is known here, for the messages of widespread tutorials.
 *
 * @example
 * new AuthSocket(url, { refresh, isTokenRefused: (error) => error.message === "E_TOKEN" || isTokenRefused(error) });
 */
export function isTokenRefused(error: ConnectError): boolean {
  const { code, status } = Object(error.data);
  if (code === INSUFFICIENT_SCOPE || code === UNAVAILABLE) return false;
  return (
    (TOKEN_CODES as readonly unknown[]).includes(code) ||
    code === UNAUTHORIZED ||
    status === UNAUTHORIZED ||
    MESSAGES.test(error.message)
  );
}

/** For an `unavailable` refusal: the ms that the server asks to wait, 0 where it names none; undefined for all else. */
export function unavailableFor(error: ConnectError): number | undefined {
  const { code, retryAfter } = Object(error.data);
  if (code !== UNAVAILABLE) return undefined;
  return typeof retryAfter === "number" && retryAfter > 0 ? retryAfter : 0;
}
