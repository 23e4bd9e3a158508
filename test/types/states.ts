import {
  AuthSession,
  AuthSocket,
  AuthSocketError,
  type AuthSocketErrorCode,
  type AuthSocketState,
  type RefreshReason,
  type SessionState,
} from "authsocket";
import { holds, type Same } from "./same.ts";

const session = new AuthSession({ refresh: "/api/refresh-token" });
const auth = new AuthSocket("/", { session });

holds<Same<typeof auth.state, AuthSocketState>>();
holds<Same<typeof session.state, SessionState>>();
holds<Same<AuthSocketState["status"], "idle" | "connecting" | "connected" | "signedOut" | "refused">>();
holds<Same<SessionState["status"], "unknown" | "signedOut" | "signedIn" | "refreshing" | "waiting">>();
holds<Same<RefreshReason, "missing" | "expiring" | "expired" | "rejected" | "forced">>();

/** A switch over all states needs no default. */
export function describeSocket(state: AuthSocketState): string {
  switch (state.status) {
    case "idle":
    case "signedOut":
      return state.error?.code ?? state.status;
    case "connecting":
      return `${state.attempt} ${state.retryAt ?? "now"}`;
    case "connected":
      return `${state.id} ${state.recovered}`;
    case "refused":
      return state.error.code;
    default:
      return state satisfies never;
  }
}

/** A switch over all states needs no default; each may carry a warning. */
export function describeSession(state: SessionState): string {
  const warning = state.warning?.code;
  switch (state.status) {
    case "unknown":
      return state.status;
    case "signedOut":
      return `${warning} ${state.error?.code}`;
    case "signedIn":
      return `${state.subject} ${state.claims?.sub} ${state.expiresAt}`;
    case "refreshing":
      return state.reason;
    case "waiting":
      return `${state.retryAt} ${state.error.message}`;
    default:
      return state satisfies never;
  }
}

/** The app's own claims can be read, and the registered ones have their types. */
export function describeClaims({ claims = {} }: SessionState): string {
  holds<Same<typeof claims.exp, number | undefined>>();
  holds<Same<typeof claims.role, unknown>>();
  return `${claims.role} ${claims["https://example.com/plan"]} ${claims.sub?.length}`;
}

// A store for a user interface is one line, with methods unbound.
const useSyncExternalStore = <State>(
  subscribe: (changed: () => void) => () => void,
  read: () => State,
): State => {
  subscribe(() => {})();
  return read();
};
holds<Same<ReturnType<typeof readBoth>[0], AuthSocketState>>();
export function readBoth() {
  return [
    useSyncExternalStore(auth.subscribe, () => auth.state),
    useSyncExternalStore(session.subscribe, () => session.state),
  ] as const;
}

holds<Same<ReturnType<typeof session.getToken>, Promise<string>>>();
holds<Same<ReturnType<typeof auth.whenConnected>, Promise<void>>>();
void session.getToken({ forceRefresh: true, signal: new AbortController().signal });
void session.signIn();
void session.signIn("token");
void session.signIn({ accessToken: "token", refreshToken: "r", subject: "alice", expiresAt: 1 });

/** An error's code narrows. */
export function isOver(error: unknown): boolean {
  if (!(error instanceof AuthSocketError)) return false;
  holds<Same<typeof error.code, AuthSocketErrorCode>>();
  return error.code === "session_expired" || error.code === "token_rejected";
}

// @ts-expect-error: no such status
holds<Same<AuthSocketState["status"], "disconnected">>();
// @ts-expect-error: no such status
export const unknownStatus = auth.state.status === "disconnected";
// @ts-expect-error: no such status of a session
export const unknownSessionStatus = session.state.status === "expired";
// @ts-expect-error: an id is there only while connected
export const { id } = auth.state;
// @ts-expect-error: the token is in no state
export const token = session.state.accessToken;
// @ts-expect-error: no such code
export const unknownCode: AuthSocketErrorCode = "expired";
// @ts-expect-error: an error's code is for reading
new AuthSocketError("kicked").code = "revoked";
// @ts-expect-error: an option of getToken is misspelt
void session.getToken({ force: true });
// @ts-expect-error: a listener is a function
session.subscribe({});
