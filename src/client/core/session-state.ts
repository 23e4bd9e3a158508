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
export function toSessionState(state: Session, warning: AuthSocketError | undefined): SessionState {
  const { subject, claims, expiresAt, assumed } = grantOf(state) ?? {};
  const common = defined({ subject, claims, expiresAt, warning });
  if (assumed || state.status === "unread")
    return defined({ status: "refreshing", reason: "missing", warning });
  switch (state.status) {
    case "vacant":
      return { status: "signedOut", ...common };
    case "signedOut":
      return defined({ status: "signedOut", error: state.error, warning });
    case "signedIn":
      return { status: "signedIn", ...common };
    case "refreshing":
      return { status: "refreshing", reason: state.reason, ...common };
    case "waiting":
      return { status: "waiting", retryAt: state.retryAt, error: state.error, ...common };
    default:
      return state satisfies never;
  }
}
