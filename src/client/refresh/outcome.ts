import { AuthSocketError, type AuthSocketErrorCode, isAuthSocketError } from "../errors.ts";
import { isInSeconds, readTokenSet, type TokenSet } from "../token/token-set.ts";

/**
 * How certain it is that a session has ended (B6):
 * - `certain`: it has ended
 * - `repeatable`: it has ended, unless another script of the site has just refreshed the cookie. If the session holds no
 *   refresh token, the endpoint is asked once more
 * - `doubtful`: the answer could come from a firewall or a gateway. It must come three times over five seconds
 * - `transient`: the answer comes from a firewall or a gateway, because it is HTML or has `Retry-After`
 *
 * If nobody is known to be signed in, each of them means that nobody is.
 */
export type Certainty = "certain" | "repeatable" | "doubtful" | "transient";

/** The result of an attempt to refresh. */
export type RefreshOutcome =
  | { type: "granted"; tokens: TokenSet }
  /** `retryAfter` in ms, where the server named one */
  | { type: "denied"; certainty: Certainty; error: AuthSocketError; retryAfter: number }
  | { type: "failed"; error: AuthSocketError; retryAfter: number };

/** The words of OAuth, OpenID Connect and identity SDKs for "sign in again". */
const SIGN_IN_AGAIN: readonly unknown[] = [
  "invalid_grant",
  "login_required",
  "interaction_required",
  "consent_required",
  "missing_refresh_token",
  "refresh_token_not_found",
];

/** Whether a body or an error has a known word for "sign in again". */
export function saysSignInAgain({ code, error, errorCode, error_code }: Record<string, unknown>): boolean {
  return [code, error, errorCode, error_code, Object(error).code].some((word) =>
    SIGN_IN_AGAIN.includes(word),
  );
}

/**
 * What an HTTP status says about the session; undefined: nothing.
 *
 * @param isForeign whether a page in HTML or `Retry-After` shows that the answer is not the endpoint's own
 */
export function certaintyOf(status: unknown, isForeign: boolean | undefined): Certainty | undefined {
  if (status === 401) return "repeatable";
  if (status !== 400 && status !== 403) return undefined;
  return isForeign ? "transient" : "doubtful";
}

/** B6: whether an answer with these headers comes from a firewall or a gateway, and says nothing about the session. */
export function isElsewhere(headers: Pick<Headers, "get">): boolean {
  return /html/i.test(headers.get("Content-Type") ?? "") || !!headers.get("Retry-After");
}

/**
 * Seconds or a date, as HTTP has it, in ms from now. A date is by the server's clock, which it tells where CORS lets it (B5).
 *
 * @param now by this machine's clock
 */
export function readRetryAfter(headers: Pick<Headers, "get">, now: number): number {
  const value = headers.get("Retry-After");
  const date = Date.parse(headers.get("Date") ?? "") || now;
  return value ? Math.max(Number(value) * 1000 || Date.parse(value) - date || 0, 0) : 0;
}

/** Reads the answer of a `Refresh` function or a source. */
export function readAnswer(answer: unknown): RefreshOutcome {
  const tokens = readTokenSet(answer);
  if (isInSeconds(Object(answer).expiresAt)) {
    return readFailure(
      new AuthSocketError(
        "invalid_response",
        `"refresh" or "source" returned "expiresAt" in seconds: it must be in ms since the epoch`,
      ),
    );
  }
  if (tokens) return { type: "granted", tokens };
  if (answer === null || answer === undefined) {
    const error = new AuthSocketError(
      "session_expired",
      `nobody is signed in: "refresh" or "source" returned ${answer}`,
    );
    return { type: "denied", certainty: "certain", error, retryAfter: 0 };
  }
  return readFailure(
    new AuthSocketError(
      "invalid_response",
      `"refresh" or "source" must return an access token, a TokenSet or null`,
    ),
  );
}

/**
 * An error with what the answer of an endpoint says beyond its message.
 *
 * @param retryAfter ms
 */
export function answerError(
  message: string,
  certainty: Certainty | undefined,
  retryAfter: number,
): AuthSocketError {
  return Object.assign(new AuthSocketError(codeOf(certainty), message), { certainty, retryAfter });
}

/** What a user hears of it. */
function codeOf(certainty: Certainty | undefined): AuthSocketErrorCode {
  return certainty && certainty !== "transient" ? "session_expired" : "refresh_failed";
}

/**
 * Reads the error of a `Refresh` function.
 *
 * @param now by this machine's clock
 */
export function readFailure(cause: unknown, now = Number.NaN): RefreshOutcome {
  const { own, certainty, status, retryAfter, isFinal, isForeign } = readProperties(cause, now);
  const denied =
    certainty ??
    (isFinal || own?.code === "session_expired"
      ? "certain"
      : own
        ? undefined
        : certaintyOf(status, isForeign));
  const what =
    status !== undefined
      ? `failed with status ${status}`
      : isFinal
        ? "failed: the user must sign in again"
        : "failed";
  const error = own ?? new AuthSocketError(codeOf(denied), `the refresh ${what}`, { cause });
  return denied
    ? { type: "denied", certainty: denied, error, retryAfter }
    : { type: "failed", error, retryAfter };
}

/** B9: an error of the app's may be anything, even unreadable. */
function readProperties(
  cause: unknown,
  now: number,
): {
  own?: AuthSocketError | undefined;
  certainty?: Certainty | undefined;
  status?: unknown;
  retryAfter: number;
  isFinal?: boolean;
  isForeign?: boolean;
} {
  try {
    const error = Object(cause);
    const { certainty, status, statusCode, response, retryAfter } = error;
    // A Response that was thrown, or the one that fetch's and axios' descendants hang on their errors.
    const { headers } = Object(response ?? error);
    const get = (name: string) =>
      error.getResponseHeader
        ? error.getResponseHeader(name) // jQuery's
        : headers?.get
          ? headers.get(name)
          : Object.entries(Object(headers)).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
    const isLater = typeof retryAfter === "number" && retryAfter > 0;
    return {
      own: isAuthSocketError(cause) ? cause : undefined,
      certainty,
      status: status ?? statusCode ?? Object(response).status,
      retryAfter: isLater ? retryAfter : readRetryAfter({ get }, now),
      isFinal: saysSignInAgain(error),
      isForeign: isLater || isElsewhere({ get }),
    };
  } catch {
    return { retryAfter: 0 };
  }
}
