import { check, checkDuration, checkFlag, checkFunction, checkKnown, checkObject } from "../option-check.ts";
import type { Refresh, RefreshRequest } from "../refresh/refresh.ts";
import type { TokenSource } from "../refresh/source.ts";
import type { TokenStore } from "../store/token-store.ts";
import type { SubjectReader } from "../token/access-token.ts";

interface CommonOptions {
  /**
   * Which session of this origin it is: tabs whose sessions have the same name share refreshes, sign-ins and sign-outs.
   * Default: the key of a `webStorageStore` over localStorage, else the URL of the endpoint, else "default".
   */
  name?: string | undefined;
  /** ms before expiry at which a token is renewed. Default: 60 000, or a fifth of its lifetime where that is less. */
  leeway?: number | undefined;
  /** Share of a token's lifetime, 0 to 1, over which renewals are spread at random before the leeway. Default: 0.1. */
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
   * Where fresh tokens come from: the URL of an endpoint (a POST with cookies, answered with JSON), an object if the request
   * needs headers, another method or another reading of the answer, or a function.
   */
  refresh: string | URL | RefreshRequest | Refresh;
  source?: undefined;
  /** Where tokens are kept. Default: `webStorageStore("authToken")` over localStorage. */
  store?: TokenStore | undefined;
  /**
   * How the server recognises the user. "token": by an access token, which is sent by `auth`. "cookie": by a session cookie of
   * its own. Then nothing is stored, no token is sent, and a 2xx of `refresh` means that the session was renewed. Default:
   * "token".
   */
  credential?: "token" | "cookie" | undefined;
}

interface SourceOptions {
  /** An identity SDK that keeps and renews the tokens, in the place of `refresh` and `store`. */
  source: TokenSource;
  refresh?: undefined;
  store?: undefined;
  credential?: undefined;
}

/** How a session gets and keeps its tokens. Only `refresh`, or `source` instead of it, is required. */
export type AuthSessionOptions = (RefreshOptions | SourceOptions) & CommonOptions;

const KNOWN = [
  "refresh",
  "source",
  "store",
  "name",
  "credential",
  "leeway",
  "jitter",
  "refreshTimeout",
  "retry",
  "subject",
  "origins",
  "fetch",
  "allowInsecure",
] as const;

/** The names of a session's options. */
export const SESSION_OPTIONS: readonly string[] = KNOWN;

/** @throws TypeError that names the option */
export function checkSessionOptions(options: AuthSessionOptions): void {
  checkObject("options", options);
  const given = options as unknown as Record<(typeof KNOWN)[number], unknown>;
  checkKnown(given, KNOWN);
  const { refresh, source, store, credential, jitter } = given;
  check(
    (refresh === undefined) !== (source === undefined),
    "refresh",
    `given, or "source" in its place, and not both`,
  );
  if (source !== undefined) checkSource(given);
  else checkRefresh(refresh);
  const methods = ["load", "save", "clear"].every((method) => isMethod(store, method));
  check(store === undefined || methods, "store", "a TokenStore with load, save and clear");
  check([undefined, "token", "cookie"].includes(credential as string), "credential", `"token" or "cookie"`);
  check(store === undefined || credential !== "cookie", "store", `left out with credential "cookie"`);
  const { name, retry, origins } = given;
  check(name === undefined || (typeof name === "string" && name !== ""), "name", "a text that is not empty");
  checkFlag("allowInsecure", given.allowInsecure);
  checkDuration("leeway", given.leeway);
  checkDuration("refreshTimeout", given.refreshTimeout);
  if (retry !== undefined) {
    checkObject("retry", retry);
    checkKnown(retry, ["base", "max"], "retry.");
    checkDuration("retry.base", Object(retry).base);
    checkDuration("retry.max", Object(retry).max);
  }
  check(
    jitter === undefined || (typeof jitter === "number" && jitter >= 0 && jitter <= 1),
    "jitter",
    "a share between 0 and 1",
  );
  checkFunction("subject", given.subject);
  checkFunction("fetch", given.fetch);
  check(
    origins === undefined || (Array.isArray(origins) && origins.every(isOrigin)),
    "origins",
    `a list of origins like "https://api.example.com"`,
  );
}

function checkRefresh(refresh: unknown): void {
  if (typeof refresh === "function") return;
  const { url = refresh, method, headers, read } = Object(refresh);
  check(
    url instanceof URL || (typeof url === "string" && url !== "" && isParsable(url)),
    "refresh",
    "a URL, { url, method, headers, read } or a function",
  );
  if (url === refresh) return;
  checkKnown(refresh as object, ["url", "method", "headers", "read"], "refresh.");
  check([undefined, "POST", "GET"].includes(method), "refresh.method", `"POST" or "GET"`);
  check(
    headers === undefined || ["object", "function"].includes(typeof headers),
    "refresh.headers",
    "headers, or a function",
  );
  checkFunction("refresh.read", read);
}

function checkSource({
  source,
  store,
  credential,
}: Record<"source" | "store" | "credential", unknown>): void {
  check(isMethod(source, "get"), "source", "a TokenSource with get");
  checkFunction("source.subscribe", Object(source).subscribe);
  check(store === undefined, "store", `left out with "source"`);
  check(credential === undefined, "credential", `left out with "source"`);
}

function isMethod(value: unknown, name: string): boolean {
  return typeof Object(value)[name] === "function";
}

function isParsable(url: string): boolean {
  try {
    return Boolean(new URL(url, "https://localhost"));
  } catch {
    return false;
  }
}

function isOrigin(value: unknown): boolean {
  try {
    return typeof value === "string" && new URL(value).origin === value.replace(/\/$/, "");
  } catch {
    return false;
  }
}
