import type { ManagerOptions, SocketOptions } from "socket.io-client";
import type { AuthSession } from "./auth-session.ts";
import type { SubjectReader } from "./core/grant.ts";
import type { ConnectError } from "./core/refusal.ts";
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

/** A session of its own, described by the session's options, or one that is shared with others. */
export type AuthSocketOptions = (
  | ({ session: AuthSession } & { [Option in Exclude<keyof AuthSessionOptions, "allowInsecure">]?: never })
  | (AuthSessionOptions & { session?: never })
) & {
  /** Whether the constructor connects. Default: true, as in Socket.IO. */
  autoConnect?: boolean;
  /** Options of Socket.IO's Manager and Socket, less those that AuthSocket sets itself. */
  io?: Partial<Omit<ManagerOptions & SocketOptions, "auth" | "autoConnect" | "forceNew" | "multiplex">>;
  /**
   * How a live connection gets a new token. "auto": in band where the server speaks the protocol, else by one immediate
   * reconnect when the server cuts it. "reconnect": by a reconnect at once, drained first, for servers that cut at expiry,
   * have connection state recovery and do not speak the protocol. Default: "auto".
   */
  renewal?: "auto" | "reconnect";
  /** Whether a refused connection would be cured by a fresh token. Default: the exported `isTokenRefused`. */
  isTokenRefused?: (error: ConnectError) => boolean;
  /** Allows tokens over plain http or ws to hosts that are not loopback (S3). Default: false. */
  allowInsecure?: boolean;
};

/** @throws TypeError that names the option */
export function checkSessionOptions(options: AuthSessionOptions): void {
  const { refresh, store, leeway, jitter, refreshTimeout, retry, subject, fetch } = Object(options);
  const target = typeof refresh === "function" ? refresh : (refresh?.url ?? refresh);
  check(
    typeof target === "function" || target instanceof URL || (typeof target === "string" && target !== ""),
    "refresh",
    "a URL, { url, headers } or a function",
  );
  check(
    store === undefined || typeof store?.load === "function",
    "store",
    "a TokenStore with load, save and clear",
  );
  checkDuration("leeway", leeway);
  checkDuration("refreshTimeout", refreshTimeout);
  checkDuration("retry.base", retry?.base);
  checkDuration("retry.max", retry?.max);
  check(jitter === undefined || (jitter >= 0 && jitter <= 1), "jitter", "a share between 0 and 1");
  checkFunction("subject", subject);
  checkFunction("fetch", fetch);
}

/** @throws TypeError that names the option */
export function checkSocketOptions(options: AuthSocketOptions): void {
  const given = Object(options);
  checkFunction("isTokenRefused", given.isTokenRefused);
  check([undefined, "auto", "reconnect"].includes(given.renewal), "renewal", `"auto" or "reconnect"`);
  for (const name of ["auth", "autoConnect", "forceNew", "multiplex"]) {
    check(!(name in Object(given.io)), `io.${name}`, "left to AuthSocket");
  }
  if (given.session === undefined) {
    checkSessionOptions(options as AuthSessionOptions);
    return;
  }
  for (const name of [
    "refresh",
    "store",
    "leeway",
    "jitter",
    "refreshTimeout",
    "retry",
    "subject",
    "fetch",
  ]) {
    check(given[name] === undefined, name, `given to the AuthSession where "session" is given`);
  }
}

function checkDuration(option: string, value: unknown): void {
  check(
    value === undefined || (typeof value === "number" && value >= 0),
    option,
    "a non-negative number of milliseconds",
  );
}

function checkFunction(option: string, value: unknown): void {
  check(value === undefined || typeof value === "function", option, "a function");
}

function check(holds: boolean, option: string, must: string): void {
  if (!holds) throw new TypeError(`"${option}" must be ${must}`);
}
