import { AuthSocketError } from "./core/errors.ts";
import type { RefreshReason } from "./core/session-machine.ts";
import { readTokenSet, type TokenSet } from "./core/token-set.ts";
import type { Platform } from "./platform/platform.ts";

/** What a `Refresh` function is told. */
export interface RefreshContext {
  /** the access token to replace, good or not */
  token?: string;
  refreshToken?: string;
  reason: RefreshReason;
  /** aborted when `refreshTimeout` is over, or the answer no longer wanted */
  signal: AbortSignal;
}

/**
 * Gets a new token set. `null`, an `AuthSocketError("session_expired")`, or an error whose `status` or `response.status`
 * is 400, 401 or 403 ends the session; every other error is transient and tried again after a backoff, not before its
 * `retryAfter` in ms where it has one.
 *
 * @example
 * const refresh: Refresh = async ({ signal }) => (await api.post("/token", null, { signal })).data.accessToken;
 */
export type Refresh = (context: RefreshContext) => Promise<TokenSet | string | null>;

/** A refresh endpoint with headers of its own. Anything more is a `Refresh` function. */
export interface RefreshRequest {
  url: string | URL;
  /** added to each request; a function is called for each */
  headers?: HeadersInit | (() => HeadersInit);
}

/**
 * The `Refresh` of an endpoint: POST, with cookies, JSON both ways (README, "The refresh endpoint"). The tokens go to this URL only,
 * a redirect is an error (S4). With a cookie, a 2xx is all that is asked, and the token answered is empty.
 */
export function refreshEndpoint(
  { url, headers }: RefreshRequest,
  platform: Platform,
  request: typeof fetch,
  credential: "token" | "cookie" | undefined,
): Refresh {
  return async ({ refreshToken, signal }) => {
    const own = isThisOrigin(url, platform.location());
    const init: RequestInit = { method: "POST", credentials: "include", redirect: "error", signal };
    // A page that is left meanwhile would lose the cookie that answers, and with a one-time refresh token the session.
    init.keepalive = true;
    init.headers = new Headers(typeof headers === "function" ? headers() : headers);
    // S4: a cross-site form cannot send it. Elsewhere it would cost a preflight, and so would a body that says nothing.
    if (own) init.headers.set("X-Requested-With", "authsocket");
    if (own || refreshToken) {
      init.headers.set("Content-Type", "application/json");
      init.body = JSON.stringify({ refreshToken });
    }
    const name = `POST ${url}`;
    const response = await (async () => request(url, init))().catch((cause) => {
      throw new AuthSocketError("refresh_failed", `${name} could not be made`, { cause });
    });
    const { status } = response;
    if (!response.ok) {
      if (isFinal(status)) throw new AuthSocketError("session_expired", `${name} answered ${status}`);
      throw Object.assign(new AuthSocketError("refresh_failed", `${name} answered ${status}`), {
        retryAfter: readRetryAfter(response.headers.get("Retry-After"), platform.now()),
      });
    }
    if (credential === "cookie") return "";
    const body = Object(await response.json().catch(() => undefined));
    const lifetime = Number(body.expiresIn ?? body.expires_in);
    const tokens = readTokenSet({
      accessToken: body.token ?? body.accessToken ?? body.access_token,
      refreshToken: body.refreshToken ?? body.refresh_token,
      expiresAt: lifetime > 0 ? platform.now() + lifetime * 1000 : undefined,
    });
    if (tokens) return tokens;
    throw new AuthSocketError(
      "invalid_response",
      `${name} answered ${status}, and no JSON with "token", "accessToken" or "access_token"`,
    );
  };
}

/** What an attempt to refresh came to. */
export type RefreshOutcome =
  | { type: "granted"; tokens: TokenSet }
  | { type: "ended"; error: AuthSocketError }
  /** `retryAfter` in ms, where the server named one */
  | { type: "failed"; error: AuthSocketError; retryAfter: number };

/** Reads the answer of a `Refresh` function. */
export function readAnswer(answer: unknown): RefreshOutcome {
  const tokens = readTokenSet(answer);
  if (tokens) return { type: "granted", tokens };
  return readFailure(
    answer === null
      ? new AuthSocketError("session_expired")
      : new AuthSocketError("invalid_response", `"refresh" must answer a token or a TokenSet`),
  );
}

/** Reads the error of a `Refresh` function: B6 says which ones end the session. */
export function readFailure(cause: unknown): RefreshOutcome {
  const own = cause instanceof AuthSocketError;
  const { status, retryAfter } = readProperties(cause);
  if (own && cause.code === "session_expired") return { type: "ended", error: cause };
  const failure = (code: "session_expired" | "refresh_failed", what: string) =>
    new AuthSocketError(code, `"refresh" ${what}`, { cause });
  if (isFinal(status)) return { type: "ended", error: failure("session_expired", `was answered ${status}`) };
  return {
    type: "failed",
    error: own ? cause : failure("refresh_failed", "failed"),
    retryAfter: typeof retryAfter === "number" && retryAfter > 0 ? retryAfter : 0,
  };
}

/** B9: an error of the app's may be anything, even unreadable. */
function readProperties(cause: unknown): { status?: unknown; retryAfter?: unknown } {
  try {
    const { status, response, retryAfter } = Object(cause);
    return { status: status ?? Object(response).status, retryAfter };
  } catch {
    return {};
  }
}

function isFinal(status: unknown): boolean {
  return status === 400 || status === 401 || status === 403;
}

/** Seconds or a date, as HTTP has it, in ms from now. */
function readRetryAfter(value: string | null, now: number): number {
  return value ? Number(value) * 1000 || Date.parse(value) - now || 0 : 0;
}

/** Outside a page there is no other origin, and no preflight. */
function isThisOrigin(url: string | URL, page: Location | undefined): boolean {
  return !page || new URL(url, page.href).origin === page.origin;
}
