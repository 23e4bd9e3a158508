import { defined } from "../defined.ts";
import type { AuthSocketError } from "../errors.ts";
import type { RefreshReason } from "../refresh/refresh.ts";
import { type AccessToken, isExpired } from "../token/access-token.ts";
import type { Claims } from "../token/jwt.ts";
import type { User } from "../token/user.ts";
import type { Doubt } from "./doubt.ts";
import type { RefreshAttempt } from "./refresh-attempt.ts";

/*
 * Who is signed in, and with which token.
 *
 *              nothing stored              somebody needs a token
 *   loading ───────────────────▶ unknown ─────────────────────────────────────┐
 *      │ a token                                                              ▼
 *      │          due · expired · a server refused it · forced ┌─▶ refreshing ── denied for certain ──┐
 *      └─▶ signedIn ───────────────────────────────────────────┘    │  │  ▲                            │
 *             ▲                 granted                             │  │  │ retryAt, or online         ▼
 *             ├─────────────────────────────────────────────────────┘  ▼  │                        signedOut
 *             │                                       failed, denied  waiting
 *             │                                       with a doubt
 *             └── signIn, or another token in the store: from every state
 *                 signOut, or a sign-out in another tab: from every state to signedOut
 *
 * `signedOut` has been decided, and is left only by a sign-in or a newly stored token. `unknown` has not: the refresh
 * endpoint is asked once somebody needs a token. What a Socket.IO server says ends no session (B7).
 */
export type State =
  | { status: "loading"; user: User }
  | { status: "unknown"; user: User }
  | { status: "signedOut"; user: User; error?: AuthSocketError | undefined }
  | { status: "signedIn"; user: User; token: AccessToken }
  | ({ status: "refreshing"; attempt: RefreshAttempt } & Refreshing)
  | ({
      status: "waiting";
      /** when the wait began */
      since: number;
      retryAt: number;
      error: AuthSocketError;
      /** the request that has outlived `refreshTimeout` and may still be answered (B22) */
      late?: RefreshAttempt | undefined;
      /** whether it is tried again though nobody wants a token (B6) */
      isInsistent?: boolean;
    } & Refreshing);

interface Refreshing {
  user: User;
  token?: AccessToken | undefined;
  reason: RefreshReason;
  /** how many refreshes have failed in a row */
  failures: number;
  doubt?: Doubt | undefined;
}

/** The token that a session holds, good or not. */
export function tokenOf(state: State): AccessToken | undefined {
  return "token" in state ? state.token : undefined;
}

/** The token that can be sent now (B1, B6): neither expired nor refused. */
export function usableToken(state: State, now: number): AccessToken | undefined {
  const token = tokenOf(state);
  return token && isAnswerable(state) && !isExpired(token, now) ? token : undefined;
}

/** Whether nothing but time speaks against the token. */
export function isAnswerable(state: State): boolean {
  return !("reason" in state) || state.reason === "expiring" || state.reason === "forced";
}

/** What a socket that needs a token has to expect of the session. */
export type TokenView =
  | { status: "ready"; token: AccessToken }
  | { status: "pending"; error?: undefined; retryAt?: undefined }
  | { status: "failing"; error?: AuthSocketError; retryAt?: number }
  | { status: "signedOut"; error?: AuthSocketError };

export function viewToken(state: State, now: number): TokenView {
  const token = usableToken(state, now);
  if (token) return { status: "ready", token };
  switch (state.status) {
    case "signedOut":
      return defined({ status: "signedOut", error: state.error });
    case "waiting":
      return { status: "failing", error: state.error, retryAt: state.retryAt };
    case "refreshing":
      return { status: state.failures > 0 ? "failing" : "pending" };
    default:
      return { status: "pending" };
  }
}

/** When a session that is in demand wants to be looked at; undefined: it waits for something else. */
export function checkDueAt(state: State): number | undefined {
  switch (state.status) {
    case "unknown":
      return 0;
    case "signedIn":
      return state.token.spent ? state.token.expiresAt : state.token.renewAt;
    case "waiting":
      return state.late ? undefined : state.retryAt;
    default:
      return undefined;
  }
}

interface Identity {
  subject?: string | undefined;
  /** for display: they are read, not verified */
  claims?: Readonly<Claims> | undefined;
  /** ms since the epoch, by this machine's clock */
  expiresAt?: number | undefined;
}

interface Nobody {
  subject?: undefined;
  claims?: undefined;
  expiresAt?: undefined;
}

/**
 * - `unknown`: nothing is stored and nobody has asked yet, or the store has not answered. With a source: its SDK has not
 *   answered yet. With a session cookie: no server has accepted the cookie yet, and the app has not called `signIn()`
 * - `signedOut`: nobody is signed in; `error` says why, where the user did not sign out
 * - `signedIn`: there is a token, or a session cookie
 * - `refreshing`: a refresh is under way, and why
 * - `waiting`: a failure that may pass; the refresh is tried again at `retryAt`, or at once when the network comes back
 *
 * `warning` (`storage_unavailable`) may come with each.
 */
export type SessionState = (
  | ({ status: "unknown"; error?: undefined } & Nobody)
  | ({ status: "signedOut"; error?: AuthSocketError | undefined } & Nobody)
  | ({ status: "signedIn"; error?: undefined } & Identity)
  | ({ status: "refreshing"; reason: RefreshReason; error?: undefined } & Identity)
  | ({ status: "waiting"; retryAt: number; error: AuthSocketError } & Identity)
) & { warning?: AuthSocketError | undefined };

/**
 * What users see of a session: immutable, and without its tokens (S1).
 *
 * @param hasSource whether a source is asked, which may still be loading
 */
export function toSessionState(
  state: State,
  warning: AuthSocketError | undefined,
  hasSource: boolean,
): SessionState {
  const { subject, claims, expiresAt, assumed } = tokenOf(state) ?? {};
  const { status } = state;
  const isLooking = hasSource && status === "refreshing" && !state.token;
  if (isLooking || status === "loading" || (assumed && status === "signedIn"))
    return defined({ status: "unknown", warning });
  const reason = status === "refreshing" ? state.reason : undefined;
  const { retryAt, error } = state as { retryAt?: number; error?: AuthSocketError };
  return defined({ status, reason, subject, claims, expiresAt, retryAt, error, warning }) as SessionState;
}
