import type { TokenSet } from "../token/token-set.ts";

/**
 * Why a token is refreshed: `missing` there is none; `expiring` its next refresh is due; `expired` its time is over;
 * `rejected` a server refused it; `forced` the app asked for it.
 */
export type RefreshReason = "missing" | "expiring" | "expired" | "rejected" | "forced";

/** What a `Refresh` function receives. */
export interface RefreshContext {
  /** the access token to replace, valid or not */
  token?: string | undefined;
  refreshToken?: string | undefined;
  reason: RefreshReason;
  /** Aborted when the answer is no longer wanted, at the latest 30 s after `refreshTimeout`. */
  signal: AbortSignal;
}

/**
 * Gets a new token set. To end the session, it returns `null` or `undefined`, or throws one of these errors:
 *
 * - an `AuthSocketError` with the code `session_expired`
 * - an error whose `status`, `statusCode` or `response.status` is 401. If the session holds no refresh token, it ends at the
 *   second 401. 400 and 403 end it when three have come, the last at least 5 s after the first; those with HTML or
 *   `Retry-After` do not count. A network error or a 5xx in between does not restart the count, but a successful refresh does
 * - an error whose `code`, `error`, `errorCode`, `error_code` or `error.code` is `invalid_grant`, `login_required`,
 *   `interaction_required`, `consent_required`, `missing_refresh_token` or `refresh_token_not_found`
 *
 * After any other error the session tries again, with a backoff, and not before the error's `retryAfter` in ms, or the
 * `Retry-After` of its response, is over.
 *
 * @example
 * const refresh: Refresh = async ({ signal }) => (await api.post("/token", null, { signal })).data.accessToken;
 */
export type Refresh = (
  context: RefreshContext,
) => Promise<TokenSet | string | null | undefined> | TokenSet | string | null | undefined;

/** A refresh endpoint that needs more than its URL. If these options are not enough, write a `Refresh` function. */
export interface RefreshRequest {
  url: string | URL;
  /** Default: "POST". A GET sends no refresh token. */
  method?: "POST" | "GET" | undefined;
  /** Added to each request. A function is called for each. */
  headers?: RequestInit["headers"] | (() => RequestInit["headers"]);
  /**
   * Picks the tokens from an answer that has them elsewhere than at its top or under `data`, `tokens` or `session`.
   *
   * @example read: (body) => body.result.auth
   */
  // biome-ignore lint/suspicious/noExplicitAny: JSON whose shape only its user knows; `unknown` would refuse the example
  read?: ((body: any) => unknown) | undefined;
}
