import { defined } from "./defined.ts";
import type { AuthSocketError } from "./errors.ts";
import type { Claims } from "./jwt.ts";
import { grantOf, type RefreshReason, type Session } from "./session-machine.ts";

interface Identity {
  subject?: string;
  /** for display: they are read, not verified */
  claims?: Readonly<Claims>;
  /** ms since the epoch, by this machine's clock */
  expiresAt?: number;
}

/**
 * - `signedOut`: nobody is signed in; `error` says why, where a server or the user's absence decided it
 * - `signedIn`: there is a token
 * - `refreshing`: a refresh is under way, and why; also while an asynchronous store has not yet answered
 * - `waiting`: a transient failure; it is tried again at `retryAt`, or at once when the network comes back
 *
 * `warning` (`storage_unavailable`) may come with each.
 */
export type SessionState = (
  | { status: "signedOut"; error?: AuthSocketError }
  | ({ status: "signedIn" } & Identity)
  | ({ status: "refreshing"; reason: RefreshReason } & Identity)
  | ({ status: "waiting"; retryAt: number; error: AuthSocketError } & Identity)
) & { warning?: AuthSocketError };

/** What users see of a session: immutable, and without its tokens (S1). */
export function toSessionState(state: Session): SessionState {
  const { subject, claims, expiresAt, assumed } = grantOf(state) ?? {};
  const identity = defined({ subject, claims, expiresAt });
  if (assumed || state.status === "unread") return { status: "refreshing", reason: "missing" };
  switch (state.status) {
    case "vacant":
      return { status: "signedOut" };
    case "signedOut":
      return defined({ status: "signedOut", error: state.error });
    case "signedIn":
      return { status: "signedIn", ...identity };
    case "refreshing":
      return { status: "refreshing", reason: state.reason, ...identity };
    case "waiting":
      return { status: "waiting", retryAt: state.retryAt, error: state.error, ...identity };
    default:
      return state satisfies never;
  }
}
