import { check, checkOptions, DURATION, FLAG, FUNCTION, OBJECT, type Rules } from "../option-check.ts";
import type { Refresh, RefreshRequest } from "../refresh/refresh.ts";
import type { TokenSource } from "../refresh/source.ts";
import type { TokenStore } from "../store/token-store.ts";
import type { SubjectReader } from "../token/access-token.ts";

interface CommonOptions {
  /**
   * The session's name. Tabs whose sessions have the same name refresh one after the other, and share sign-ins and
   * sign-outs.
   * Default: the key of a `webStorageStore` over localStorage, else the URL of the endpoint, else "default".
   */
  name?: string | undefined;
  /** ms before expiry at which a token is refreshed. Default: 60 000, or a fifth of its lifetime where that is less. */
  leeway?: number | undefined;
  /**
   * Each refresh comes earlier than the leeway by a random time, so that clients do not all refresh at once. `jitter` is the
   * longest such time, as a share (0 to 1) of the token's lifetime. Default: 0.1.
   */
  jitter?: number | undefined;
  /** ms that one attempt to refresh may take, and one call of the store. Default: 10 000. */
  refreshTimeout?: number | undefined;
  /** Full-jitter backoff after temporary failures, in ms. Default: `base` 1 000, `max` 30 000. */
  retry?: { base?: number | undefined; max?: number | undefined } | undefined;
  /** Who a token is for. Default: the first of its claims `sub`, `id`, `userId`, `user_id` and `uid`. */
  subject?: SubjectReader | undefined;
  /** Other origins that `session.fetch()` may send the token to. Default: none but this page's own. */
  origins?: string[] | undefined;
  /** Used for the refresh endpoint and by `session.fetch()`. Default: the page's `fetch` at the time of the call. */
  fetch?: typeof fetch | undefined;
  /** Allows tokens over plain http or ws to hosts that are not loopback (S3). Default: false. */
  allowInsecure?: boolean | undefined;
}

interface RefreshOptions {
  /**
   * Where fresh tokens come from: the URL of an endpoint (a POST with cookies, whose response is JSON), a function, or an object
   * if the request needs headers or another method, or if the response has the tokens in another place.
   */
  refresh: string | URL | RefreshRequest | Refresh;
  source?: undefined;
  /** Where tokens are kept. Default: `webStorageStore("authToken")` over localStorage. */
  store?: TokenStore | undefined;
  /**
   * How the server recognises the user. "token": the client sends an access token in Socket.IO's `auth`. "cookie": the browser
   * sends the server's session cookie. Then the client stores nothing and sends no token, and a 2xx of `refresh` means that the
   * server's session was extended. Default: "token".
   */
  credential?: "token" | "cookie" | undefined;
}

interface SourceOptions {
  /** The SDK of an identity provider, which keeps and refreshes the tokens. It takes the place of `refresh` and `store`. */
  source: TokenSource;
  refresh?: undefined;
  store?: undefined;
  credential?: undefined;
}

/** How a session gets and keeps its tokens. Only `refresh`, or `source` instead of it, is required. */
export type AuthSessionOptions = (RefreshOptions | SourceOptions) & CommonOptions;

/** A session's options. */
export const SESSION_OPTIONS: Rules = {
  refresh: [isRefresh, "a URL, { url, method, headers, read } or a function"],
  source: [(source) => isMethod(source, "get"), "a TokenSource with get"],
  store: [
    (store) => ["load", "save", "clear"].every((method) => isMethod(store, method)),
    "a TokenStore with load, save and clear",
  ],
  name: [(name) => typeof name === "string" && name !== "", "a string that is not empty"],
  credential: [(value) => value === "token" || value === "cookie", `"token" or "cookie"`],
  leeway: [
    (value) => Number.isFinite(value) && Number(value) >= 0,
    "a finite, non-negative number of milliseconds",
  ],
  jitter: [(share) => typeof share === "number" && share >= 0 && share <= 1, "a number between 0 and 1"],
  refreshTimeout: DURATION,
  retry: OBJECT,
  subject: FUNCTION,
  origins: [
    (origins) => Array.isArray(origins) && origins.every(isOrigin),
    `a list of origins like "https://api.example.com"`,
  ],
  fetch: FUNCTION,
  allowInsecure: FLAG,
};

const RETRY_OPTIONS: Rules = { base: DURATION, max: DURATION };

const REQUEST_OPTIONS: Rules = {
  url: [isUrl, "a URL"],
  method: [(method) => method === "POST" || method === "GET", `"POST" or "GET"`],
  headers: [(headers) => /^(object|function)$/.test(typeof headers), "headers, or a function"],
  read: FUNCTION,
};

/** @throws TypeError that names the option */
export function checkSessionOptions(options: AuthSessionOptions): void {
  checkOptions(options, SESSION_OPTIONS);
  const { refresh, source, store, credential, retry = {} } = options;
  check(
    (refresh === undefined) !== (source === undefined),
    "refresh",
    `given, or "source" instead, but not both`,
  );
  if (Object(refresh).url) checkOptions(refresh as object, REQUEST_OPTIONS, "refresh.");
  checkOptions(retry, RETRY_OPTIONS, "retry.");
  check(!source || !credential, "credential", `left out with "source"`);
  check(
    !store || (!source && credential !== "cookie"),
    "store",
    `left out with "source" or credential "cookie"`,
  );
  if (source)
    check(source.subscribe === undefined || isMethod(source, "subscribe"), "source.subscribe", FUNCTION[1]);
}

function isRefresh(refresh: unknown): boolean {
  return typeof refresh === "function" || isUrl(refresh) || isUrl(Object(refresh).url);
}

function isMethod(value: unknown, name: string): boolean {
  return typeof Object(value)[name] === "function";
}

function isUrl(url: unknown): boolean {
  return url instanceof URL || (typeof url === "string" && url !== "" && parsed(url) !== undefined);
}

function isOrigin(value: unknown): boolean {
  return typeof value === "string" && parsed(value)?.origin === value.replace(/\/$/, "");
}

/** Undefined where it cannot be. Of what it is, nothing is read here: React Native's own `URL` throws at most of it. */
function parsed(url: string): URL | undefined {
  try {
    return new URL(url, "https://localhost");
  } catch {
    return undefined;
  }
}
