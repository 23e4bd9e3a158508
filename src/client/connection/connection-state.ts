import { defined } from "../defined.ts";
import type { AuthSocketError } from "../errors.ts";
import type { AccessToken } from "../token/access-token.ts";

/*
 * One namespace's connection.
 *
 *        connect, starting                    accepted
 *   idle ────────────────────▶ opening ───────────────────────▶ connected
 *    ▲  ▲     gave up          │ ▲ │ ▲  lost, or cut over its token │  │
 *    │  └──────────────────────┘ │ │ └──────────────────────────────┘  │
 *    │              asked for a  │ │ unavailable, refused again        │
 *    │          token that is    │ └────────▶ delayed ── dueAt ────▶   │
 *    │              still to come│                     (opening)       │
 *    │   disconnect,             ▼                                     │
 *    │   from everywhere      awaiting ── the token is there ──▶ opening
 *    │                           │                                     │
 *    │                           ▼ it fails, or 10 s                   │
 *    │              waitingForToken ── the token is there ──▶ opening  │
 *    │                                                                 ▼
 *    └── signedOut ◀── nobody is signed in, from everywhere         refused ── connect ──▶ opening
 *            └── a token is in sight ──▶ opening                       └── a newer token, a sign-in, a wake-up:
 *                                                                          tried again, and shown as refused until
 *                                                                          the server accepts it
 */
export type State =
  | { status: "idle"; error?: AuthSocketError | undefined; dueAt?: DueAt }
  /** asked to connect, and looking for the token, which calls the app's code: it may have us disconnect */
  | ({ status: "starting" } & Attempt)
  /** Socket.IO is at work: the engine's handshake, its own backoff or, once there is a credential, the server's answer */
  | ({ status: "opening"; credential?: Credential | undefined; dueAt?: DueAt } & Attempt)
  /** Socket.IO has asked for a token that is still to come */
  | ({ status: "awaiting"; dueAt: number } & Attempt)
  /** the engine is released until there is a token (B12) */
  | ({ status: "waitingForToken"; retryAt?: number | undefined } & Attempt)
  /** the server is out of service for a while, has refused the token again, or the app insists (T13) */
  | ({ status: "delayed"; since: number; dueAt: number; waitsFor: "dueAt" | "dueAtOrToken" } & Attempt)
  | ({ status: "connected"; credential: Credential } & Live)
  | { status: "signedOut"; error?: AuthSocketError | undefined }
  | Refused;

/** When something is to be done: to try again, or to wait no longer; undefined: it waits for something else. */
type DueAt = number | undefined;

export interface Refused {
  status: "refused";
  error: AuthSocketError;
  /** What has it tried again besides `connect()`. */
  retry: Retry;
  /** when it is tried again after a wake-up */
  dueAt?: DueAt;
}

/** A newer token, a sign-in or a wake-up; a sign-in alone; or nothing. */
export type Retry = "newerToken" | "signIn" | "never";

/** What a connection is made with: the session's token, or nothing (B21). */
export type Credential = AccessToken | "guest";

export interface Attempt {
  /** from 1, since the connection was last up or asked for */
  attempt: number;
  error?: AuthSocketError | undefined;
  /** how many refusals of a fresh token in a row (B7) */
  refusals: number;
  /** how many refusals in a row were answered at once (T13) */
  atOnce: number;
  /** how many attempts in a row the server has not answered: no engine could be opened, or the CONNECT waited in vain */
  unreached: number;
  /** shown until the server accepts it: a refused socket that is tried again (B27) */
  veil?: Refused | undefined;
}

export interface Live {
  id: string;
  recovered: boolean;
  /**
   * B13: how this connection gets a new token: by `auth:renew` once the server has said hello; by a graceful reconnect where
   * the app has chosen it, or where the server refuses its events (B26); else at the server's cut.
   */
  renewal: "inBand" | "reconnect" | "cut";
  /** the token of the last renewal, which is not tried twice unless the server asks for it */
  renewing?: string | undefined;
  /** the server's word that it disconnects this socket */
  revoked?: AuthSocketError | undefined;
  /** when we leave if it does not */
  dueAt?: DueAt;
  /** `forceDisconnect` was heard then: with a disconnect soon after it, it means that too */
  forced?: { error: AuthSocketError; at: number } | undefined;
  /** a fresh token was refused too by events (B26) */
  error?: AuthSocketError | undefined;
  /** emits wait for the connection that follows a refused event (B26) */
  isHeld?: boolean | undefined;
  /** when the connection was accepted */
  since: number;
}

export const FIRST_ATTEMPT: Attempt = { attempt: 1, refusals: 0, atOnce: 0, unreached: 0 };

/** The same attempt, going on. */
export function attemptOf(state: State): Attempt {
  if (!("attempt" in state)) return FIRST_ATTEMPT;
  const { attempt, error, refusals, atOnce, unreached, veil } = state;
  return { attempt, error, refusals, atOnce, unreached, veil };
}

/** After a failed attempt. It goes on counting as the current one until the next begins. */
export function nextAttempt(state: State): Attempt {
  const attempt = attemptOf(state);
  return "attempt" in state ? { ...attempt, attempt: attempt.attempt + 1 } : attempt;
}

export function isGuest(credential: Credential): credential is "guest" {
  return credential === "guest";
}

export function tokenOf(credential: Credential): string | undefined {
  return credential === "guest" ? undefined : credential.accessToken;
}

/** Socket.IO has the Socket in hand. */
export function isUnderWay({ status }: State): boolean {
  return status === "opening" || status === "awaiting" || status === "connected";
}

export function isAtRest({ status }: State): boolean {
  return status === "idle" || status === "signedOut" || status === "refused";
}

/** What neither a token nor a sign-in can cure: only `connect()` looks at it again (S3, T6). */
export function isBarred(state: State): boolean {
  return state.status === "refused" && state.retry === "never";
}

/** B16: a socket whose `retries` queue still holds another user's packets, and cannot be emptied. */
export function isSealed(state: State): boolean {
  return state.status === "refused" && state.error.code === "user_changed";
}

export function dueAt(state: State): DueAt {
  return "dueAt" in state ? state.dueAt : undefined;
}

/**
 * - `idle`: not asked to connect; with the error `unreachable`, Socket.IO gave up reconnecting
 * - `connecting`: the token, the engine's handshake or the server's answer is pending; `retryAt` where a time is set
 * - `connected`
 * - `signedOut`: connects automatically after `session.signIn()`
 * - `refused`: the server has refused or disconnected this socket; `connect()` tries again, but not after `user_changed`
 */
export type AuthSocketState =
  | { status: "idle"; error?: AuthSocketError | undefined }
  | {
      status: "connecting";
      attempt: number;
      error?: AuthSocketError | undefined;
      /** ms since the epoch */
      retryAt?: number | undefined;
    }
  | {
      status: "connected";
      id: string;
      /** whether connection state recovery has brought back what was missed */
      recovered: boolean;
      /** connected without a token */
      anonymous?: true | undefined;
      error?: AuthSocketError | undefined;
    }
  | { status: "signedOut"; error?: AuthSocketError | undefined }
  | { status: "refused"; error: AuthSocketError };

/** What users see of a connection. */
export function toSocketState(state: State): AuthSocketState {
  const { status, error } = state;
  if (status === "connected") {
    const { id, recovered, credential } = state;
    return defined({ status, id, recovered, anonymous: credential === "guest" || undefined, error });
  }
  if (!("attempt" in state)) return defined({ status, error }) as AuthSocketState;
  const { attempt, veil } = state;
  if (veil) return { status: "refused", error: veil.error };
  return defined({
    status: "connecting",
    attempt,
    error,
    retryAt:
      state.status === "waitingForToken"
        ? state.retryAt
        : state.status === "delayed"
          ? state.dueAt
          : undefined,
  });
}
