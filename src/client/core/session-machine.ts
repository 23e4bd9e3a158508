import { defined } from "./defined.ts";
import type { AuthSocketError } from "./errors.ts";
import type { Grant } from "./grant.ts";

/*
 * The session: who is signed in, and with which token. A machine without clock, store or network.
 *
 *              nothing stored                    check: somebody needs a token
 *   unread ───────────────────▶ vacant ────────────────────────────────────────┐
 *     │ read: tokens                                                           ▼
 *     │            check: due or expired · refused · cut · forced   ┌──▶ refreshing ──── ended ─────┐
 *     └──▶ signedIn ────────────────────────────────────────────────┤     │   │  ▲                  │
 *             ▲                                                     │     │   │  │ check: retryAt,  │
 *             │                    granted                          │     │   │  │ or online        ▼
 *             ├─────────────────────────────────────────────────────┼─────┘   ▼  │             signedOut
 *             │                                  refused repeatedly └──▶ waiting ┘   refused too often ▲
 *             │                                                             └─────────────────────────┘
 *             └── signIn, or another token in the store: from every state
 *                 signOut, or a sign-out in the store: from every state to signedOut
 *
 * B10: `signedOut` has been decided, by the user or by a server, and is left only by signIn or a newly stored token;
 * `vacant` has not, and asks the refresh endpoint once somebody needs a token.
 */
export type Session =
  | { status: "unread"; user: User }
  | { status: "vacant"; user: User }
  | { status: "signedOut"; user: User; error?: AuthSocketError | undefined }
  | { status: "signedIn"; user: User; grant: Grant }
  | { status: "refreshing"; user: User; grant?: Grant | undefined; reason: RefreshReason; attempt: number }
  | {
      status: "waiting";
      user: User;
      grant?: Grant | undefined;
      reason: RefreshReason;
      /** how many refreshes have failed in a row */
      attempt: number;
      /** when the wait began */
      since: number;
      retryAt: number;
      error: AuthSocketError;
    };

/**
 * Why a token is refreshed: `missing` there is none; `expiring` its renewal is due; `expired` its time is over;
 * `rejected` the Socket.IO server refused it; `forced` the app asked for it.
 */
export type RefreshReason = "missing" | "expiring" | "expired" | "rejected" | "forced";

/** B16: `id` changes whenever what one user left behind must not reach the next; 0 is nobody yet. */
export interface User {
  readonly id: number;
  readonly subject?: string | undefined;
}

export type SessionEvent =
  /** the store answered: with a token set that this session has not seen there before, a sign-out, or nothing */
  | { type: "read"; grant: Grant | undefined }
  | { type: "signedOutElsewhere" }
  /** somebody needs a token, a timer ran out, or the machine woke up */
  | { type: "check"; now: number; force?: boolean | undefined; online?: boolean | undefined }
  | { type: "granted"; grant: Grant; now: number }
  | { type: "failed"; error: AuthSocketError; now: number; retryAt: number }
  /** the answer came too late: another tab has taken the turn, or somebody has signed in or out (B3) */
  | { type: "robbed" }
  | { type: "ended"; error: AuthSocketError; token?: string | undefined }
  /** the server took, refused, or cut a connection made with this token */
  | { type: "accepted"; token: string }
  | { type: "refused"; token: string; error: AuthSocketError; now: number; retryAt: number }
  | { type: "cut"; token: string }
  /** the server says how long it will take a token, free of clock skew */
  | { type: "measured"; grant: Grant }
  | { type: "signIn"; grant: Grant }
  /** the app says that somebody has signed in, though the store may hold no token yet */
  | { type: "reopen" }
  /** somebody has signed in in another tab, by a cookie that this one shares */
  | { type: "signedInElsewhere" }
  | { type: "signOut" };

/** What the session must do about a transition; the driver carries it out. */
export type SessionEffect =
  | "refresh"
  | "abort"
  | "save"
  /** empty the store, if it still holds the token that ended the session */
  | "clear"
  /** empty the store, and remember that the user signed out (B10) */
  | "forget"
  /** forget that the user signed out */
  | "reopen";

export type SessionStep = readonly [Session, ...SessionEffect[]];

export const NOBODY: User = { id: 0 };

/** B7: so many fresh tokens refused in a row end the session. */
const MAX_FRESH_REFUSALS = 3;

/** B5: ms before a token's life or a wait begins, at which the clock must have been put back; less is rounding. */
const PUT_BACK = 1_000;

/** ms between two attempts to replace a token that the refresh function keeps handing out. */
const MIN_RENEWAL_GAP = 1_000;

export function transition(session: Session, event: SessionEvent): SessionStep {
  const { user } = session;
  const grant = grantOf(session);
  const stay: SessionStep = [session];

  switch (event.type) {
    case "read": {
      // An emptied store is no sign-out: what is in memory goes on.
      if (!event.grant) return session.status === "unread" ? [{ status: "vacant", user }] : stay;
      // Somebody only once the server has said so: the first sign-in of all inherits from nobody (B16).
      if (event.grant.assumed) return [signedIn(user, event.grant), ...abort(session)];
      const owner = nextUser(user, event.grant, "stored");
      // B7: one user's tokens in a row count, whoever fetched them.
      const refusals = owner === user ? refusalsOf(session) : 0;
      return [signedIn(owner, { ...event.grant, refusals }), ...abort(session)];
    }

    case "signedOutElsewhere":
      return session.status === "signedOut" ? stay : [signedOut(successor(user)), ...abort(session)];

    case "check":
      return check(session, event);

    case "granted": {
      if (session.status !== "refreshing") return stay;
      const refusals = refusalsOf(session);
      const received = inherited(grant, event.grant);
      const fresh = {
        ...(isAnswerable(session) ? sameLife(grant, received, event.now) : received),
        refusals,
      };
      return [signedIn(nextUser(user, fresh, "refreshed"), fresh), "save"];
    }

    case "failed": {
      if (session.status !== "refreshing") return stay;
      const { reason, attempt } = session;
      const { error, now, retryAt } = event;
      return [{ status: "waiting", user, grant, reason, attempt: attempt + 1, since: now, retryAt, error }];
    }

    case "robbed":
      return session.status === "refreshing" ? [session, "refresh"] : stay;

    case "ended":
      if (session.status !== "refreshing") return stay;
      // B6: who never had a token has lost nothing
      return [signedOut(user, grant && !grant.assumed ? event.error : undefined), "clear"];

    case "accepted":
      if (grant?.assumed && grant.accessToken === event.token) {
        const { assumed: _, ...certain } = grant;
        return [{ ...session, user: nextUser(user, certain, "stored"), grant: certain } as Session];
      }
      return grant?.accessToken === event.token && grant.refusals > 0 && isAnswerable(session)
        ? [{ ...session, grant: { ...grant, refusals: 0 } } as Session]
        : stay;

    case "refused": {
      // B7, B8: a token counts once, and only while it is the current one
      if (!grant || grant.accessToken !== event.token || !isAnswerable(session)) return stay;
      const refusals = grant.refusals + 1;
      const { error, now, retryAt } = event;
      if (refusals > MAX_FRESH_REFUSALS) return [signedOut(user, error), ...abort(session), "clear"];
      const refused = { ...grant, refusals };
      if (session.status !== "signedIn")
        return [{ ...session, grant: refused, reason: "rejected" } as Session];
      if (refusals === 1) return [refreshing(user, refused, "rejected"), "refresh"];
      return [
        {
          status: "waiting",
          user,
          grant: refused,
          reason: "rejected",
          attempt: 0,
          since: now,
          retryAt,
          error,
        },
      ];
    }

    case "measured": {
      // B5: only while that connection's token is still the current one
      if (grant?.accessToken !== event.grant.accessToken) return stay;
      const { refusals, subject } = grant;
      return [{ ...session, grant: { ...event.grant, refusals, subject } } as Session];
    }

    case "cut":
      if (!grant || grant.accessToken !== event.token || !isAnswerable(session)) return stay;
      return session.status === "signedIn"
        ? [refreshing(user, grant, "expired"), "refresh"]
        : [{ ...session, reason: "expired" } as Session];

    case "signIn":
      return [signedIn(nextUser(user, event.grant, "signIn"), event.grant), ...abort(session), "save"];

    case "reopen":
    case "signedInElsewhere":
      if (session.status === "signedOut") return [reopened(user), "reopen"];
      return event.type === "signedInElsewhere" && session.status === "signedIn"
        ? [refreshing(user, session.grant, "forced"), "refresh"]
        : stay;

    case "signOut":
      return [signedOut(successor(user)), ...abort(session), "forget"];

    default:
      return event satisfies never;
  }
}

function check(session: Session, { now, force, online }: SessionEvent & { type: "check" }): SessionStep {
  const { user } = session;
  switch (session.status) {
    case "vacant":
      return [refreshing(user, undefined, "missing"), "refresh"];
    case "signedIn": {
      const { grant } = session;
      const reason = isExpired(grant, now)
        ? "expired"
        : force
          ? "forced"
          : isDue(grant, now)
            ? "expiring"
            : undefined;
      return reason ? [refreshing(user, grant, reason), "refresh"] : [session];
    }
    case "waiting": {
      if (now < session.retryAt && now >= session.since - PUT_BACK && !online) return [session];
      const { grant, reason, attempt } = session;
      const worse = reason === "expiring" && grant && isExpired(grant, now) ? "expired" : reason;
      return [{ status: "refreshing", user, grant, reason: worse, attempt }, "refresh"];
    }
    case "unread":
    case "signedOut":
    case "refreshing":
      return [session];
    default:
      return session satisfies never;
  }
}

/** The grant whose token can be sent now (B1, B6): neither expired nor refused. */
export function usableGrant(session: Session, now: number): Grant | undefined {
  const grant = grantOf(session);
  return grant && isAnswerable(session) && !isExpired(grant, now) ? grant : undefined;
}

/** The grant that a session holds, good or not. */
export function grantOf(session: Session): Grant | undefined {
  return "grant" in session ? session.grant : undefined;
}

/** What a socket that needs a token has to expect of the session. */
export type TokenOutlook =
  | { status: "ready"; grant: Grant }
  | { status: "pending" }
  | { status: "failing"; error?: AuthSocketError; retryAt?: number }
  | { status: "signedOut"; error?: AuthSocketError };

export function tokenOutlook(session: Session, now: number): TokenOutlook {
  const grant = usableGrant(session, now);
  if (grant) return { status: "ready", grant };
  switch (session.status) {
    case "signedOut":
      return defined({ status: "signedOut", error: session.error });
    case "waiting":
      return { status: "failing", error: session.error, retryAt: session.retryAt };
    case "refreshing":
      return { status: session.attempt > 0 ? "failing" : "pending" };
    default:
      return { status: "pending" };
  }
}

/** When a session that is in demand wants its next `check`; undefined: it waits for something else. */
export function checkDueAt(session: Session): number | undefined {
  switch (session.status) {
    case "vacant":
      return 0;
    case "signedIn":
      return session.grant.renewAt;
    case "waiting":
      return session.retryAt;
    default:
      return undefined;
  }
}

/** B14: whether the server had reason to end a connection that was made with this grant. */
export function isDue({ renewAt, expiresAt, lifetime }: Grant, now: number): boolean {
  // By a clock that has been put back, nothing would be due for hours.
  if (expiresAt !== undefined && lifetime !== undefined && now < expiresAt - lifetime - PUT_BACK) return true;
  return now >= (renewAt ?? expiresAt ?? Number.POSITIVE_INFINITY);
}

function isExpired({ expiresAt }: Grant, now: number): boolean {
  return expiresAt !== undefined && now >= expiresAt;
}

/** Whether nothing but time speaks against the token. */
function isAnswerable(session: Session): boolean {
  return !("reason" in session) || session.reason === "expiring" || session.reason === "forced";
}

/** B7: how many tokens in a row have been refused, for the next one to carry on. */
function refusalsOf(session: Session): number {
  return "reason" in session && session.reason === "rejected" ? (session.grant?.refusals ?? 0) : 0;
}

function signedIn(user: User, grant: Grant): Session {
  return { status: "signedIn", user, grant };
}

function signedOut(user: User, error?: AuthSocketError): Session {
  return { status: "signedOut", user, error };
}

/** B16: who comes need not be who left, and where nobody is named there is no telling. */
function reopened(user: User): Session {
  return { status: "vacant", user: user.subject === undefined ? successor(user) : user };
}

function refreshing(user: User, grant: Grant | undefined, reason: RefreshReason): Session {
  return { status: "refreshing", user, grant, reason, attempt: 0 };
}

function abort(session: Session): SessionEffect[] {
  return session.status === "refreshing" ? ["abort"] : [];
}

/** A refresh that names no refresh token or subject leaves the old ones in force. */
function inherited(old: Grant | undefined, fresh: Grant): Grant {
  return {
    ...fresh,
    refreshToken: fresh.refreshToken ?? old?.refreshToken,
    subject: fresh.subject ?? old?.subject,
  };
}

/**
 * Some refresh functions hand out one and the same JWT until shortly before its end. Its life has not begun anew then:
 * its expiry stays, and it is asked for again halfway there.
 */
function sameLife(old: Grant | undefined, fresh: Grant, now: number): Grant {
  if (old?.accessToken !== fresh.accessToken || !fresh.claims?.exp || old.expiresAt === undefined)
    return fresh;
  return {
    ...fresh,
    expiresAt: old.expiresAt,
    renewAt: Math.max(now + MIN_RENEWAL_GAP, (now + old.expiresAt) / 2),
  };
}

/** After a sign-out: what the user left behind is nobody's, but who it was is known, should the same user return. */
function successor(user: User): User {
  return user.id > 0 ? { ...user, id: user.id + 1 } : user;
}

/**
 * B16: whether the new grant is the same user's. Equal subjects are; so is what the session's own refresh brings where
 * neither names one. The first sign-in of all takes over from nobody.
 */
function nextUser(user: User, { subject }: Grant, by: "stored" | "refreshed" | "signIn"): User {
  const same = subject === user.subject && (subject !== undefined || by === "refreshed");
  if (same && user.id > 0) return user;
  return { id: user.id + 1, subject };
}
