import type { SubjectReader } from "./core/grant.ts";
import { check, checkDuration, checkFlag, checkFunction } from "./option-check.ts";
import type { TokenStore } from "./platform/token-store.ts";
import type { Refresh, RefreshRequest } from "./refresher.ts";

/** How a session gets and keeps its tokens. Only `refresh` has no default. */
export interface AuthSessionOptions {
  /**
   * Where a fresh token comes from: an endpoint (POST with credentials "include", JSON answered), an endpoint with
   * headers, or a function.
   */
  refresh: string | URL | RefreshRequest | Refresh;
  /** Where tokens are kept. Default: `webStorageStore("authToken")` over localStorage. */
  store?: TokenStore;
  /**
   * What the server knows the user by. "token": an access token, sent by `auth`. "cookie": a session of its own, known by a
   * cookie; nothing is stored, no token is sent, and `refresh` renews the session by any 2xx. Default: "token".
   */
  credential?: "token" | "cookie";
  /** ms before expiry at which a token is renewed. Default: 60 000, or a fifth of its lifetime where that is less. */
  leeway?: number;
  /** Share of a token's lifetime, 0 to 1, over which renewals are spread at random before the leeway. Default: 0.1. */
  jitter?: number;
  /** ms that one attempt to refresh may take, and one call of the store. Default: 10 000. */
  refreshTimeout?: number;
  /** Full-jitter backoff after transient failures, in ms. Default: `base` 1 000, `max` 30 000. */
  retry?: { base?: number; max?: number };
  /** Who a token is for. Default: its claim `sub`, `id` or `userId`. */
  subject?: SubjectReader;
  /** Used for the refresh endpoint. Default: the page's `fetch` at the time of the call. */
  fetch?: typeof fetch;
  /** Allows tokens over plain http or ws to hosts that are not loopback (S3). Default: false. */
  allowInsecure?: boolean;
}

/** @throws TypeError that names the option */
export function checkSessionOptions(options: AuthSessionOptions): void {
  const { refresh, store, credential, leeway, jitter, refreshTimeout, retry, subject, fetch, allowInsecure } =
    Object(options);
  const target = typeof refresh === "function" ? refresh : (refresh?.url ?? refresh);
  check(
    typeof target === "function" || target instanceof URL || (typeof target === "string" && target !== ""),
    "refresh",
    "a URL, { url, headers } or a function",
  );
  const methods = ["load", "save", "clear"].every((method) => typeof Object(store)[method] === "function");
  check(store === undefined || methods, "store", "a TokenStore with load, save and clear");
  check([undefined, "token", "cookie"].includes(credential), "credential", `"token" or "cookie"`);
  check(store === undefined || credential !== "cookie", "store", `left out with credential "cookie"`);
  checkFlag("allowInsecure", allowInsecure);
  checkDuration("leeway", leeway);
  checkDuration("refreshTimeout", refreshTimeout);
  checkDuration("retry.base", retry?.base);
  checkDuration("retry.max", retry?.max);
  check(
    jitter === undefined || (typeof jitter === "number" && jitter >= 0 && jitter <= 1),
    "jitter",
    "a share between 0 and 1",
  );
  checkFunction("subject", subject);
  checkFunction("fetch", fetch);
}
