import { AuthSocketError } from "authsocket";
import { describe, expect, it } from "vitest";
import type { Grant } from "../../src/client/core/grant.ts";
import {
  checkDueAt,
  type Session,
  type SessionEvent,
  tokenOutlook,
  transition,
  usableGrant,
} from "../../src/client/core/session-machine.ts";

const user = { id: 1, subject: "alice" };
const grant: Grant = {
  accessToken: "current",
  subject: "alice",
  refusals: 0,
  renewAt: 100,
  expiresAt: 200,
  lifetime: 200,
};
const other: Grant = { accessToken: "other", subject: "alice", refusals: 0 };
const error = new AuthSocketError("refresh_failed");

const sessions = {
  unread: { status: "unread", user: { id: 0 } },
  vacant: { status: "vacant", user: { id: 0 } },
  signedOut: { status: "signedOut", user },
  signedIn: { status: "signedIn", user, grant },
  refreshing: { status: "refreshing", user, grant, reason: "expiring", attempt: 0 },
  waiting: { status: "waiting", user, grant, reason: "expiring", attempt: 1, retryAt: 50, error },
} satisfies Record<string, Session>;

type Status = keyof typeof sessions;

const events = {
  "read a token": { type: "read", grant: other },
  "read nothing": { type: "read", grant: undefined },
  "read a sign-out": { type: "signedOutElsewhere" },
  check: { type: "check", now: 0 },
  "check, forced": { type: "check", now: 0, force: true },
  "check, online again": { type: "check", now: 0, online: true },
  "check, due": { type: "check", now: 100 },
  granted: { type: "granted", grant: other, now: 0 },
  failed: { type: "failed", error, retryAt: 50 },
  ended: { type: "ended", error, token: "current" },
  accepted: { type: "accepted", token: "current" },
  measured: { type: "measured", grant: { ...grant, expiresAt: 300 } },
  refused: { type: "refused", token: "current", error, retryAt: 50 },
  "another token refused": { type: "refused", token: "older", error, retryAt: 50 },
  cut: { type: "cut", token: "current" },
  "cut over another token": { type: "cut", token: "older" },
  signIn: { type: "signIn", grant: other },
  reopen: { type: "reopen" },
  signOut: { type: "signOut" },
} satisfies Record<string, SessionEvent>;

type EventName = keyof typeof events;

/** What each event makes of each state, with its effects; "=" is the very same state and no effect. */
const table: Record<EventName, Record<Status, string>> = {
  "read a token": row("signedIn", "signedIn", "signedIn", "signedIn", "signedIn abort", "signedIn"),
  "read nothing": row("vacant", "=", "=", "=", "=", "="),
  "read a sign-out": row("signedOut", "signedOut", "=", "signedOut", "signedOut abort", "signedOut"),
  check: row("=", "refreshing refresh", "=", "=", "=", "="),
  "check, forced": row("=", "refreshing refresh", "=", "refreshing refresh", "=", "="),
  "check, online again": row("=", "refreshing refresh", "=", "=", "=", "refreshing refresh"),
  "check, due": row("=", "refreshing refresh", "=", "refreshing refresh", "=", "refreshing refresh"),
  granted: row("=", "=", "=", "=", "signedIn save", "="),
  failed: row("=", "=", "=", "=", "waiting", "="),
  ended: row("=", "=", "=", "=", "signedOut clear", "="),
  accepted: row("=", "=", "=", "=", "=", "="),
  measured: row("=", "=", "=", "signedIn", "refreshing", "waiting"),
  refused: row("=", "=", "=", "refreshing refresh", "refreshing", "waiting"),
  "another token refused": row("=", "=", "=", "=", "=", "="),
  cut: row("=", "=", "=", "refreshing refresh", "refreshing", "waiting"),
  "cut over another token": row("=", "=", "=", "=", "=", "="),
  signIn: row(
    "signedIn save",
    "signedIn save",
    "signedIn save",
    "signedIn save",
    "signedIn abort save",
    "signedIn save",
  ),
  reopen: row("=", "=", "vacant reopen", "=", "=", "="),
  signOut: row(
    "signedOut forget",
    "signedOut forget",
    "signedOut forget",
    "signedOut forget",
    "signedOut abort forget",
    "signedOut forget",
  ),
};

function row(
  ...[unread, vacant, signedOut, signedIn, refreshing, waiting]: [
    string,
    string,
    string,
    string,
    string,
    string,
  ]
): Record<Status, string> {
  return { unread, vacant, signedOut, signedIn, refreshing, waiting };
}

const cases = Object.entries(table).flatMap(([event, byStatus]) =>
  Object.entries(byStatus).map(([status, expected]) => [event, status, expected] as const),
);

/** Runs events one after the other. */
function run(session: Session, ...sent: SessionEvent[]): Session {
  return sent.reduce((state, event) => transition(state, event)[0], session);
}

describe("the session machine, state by event", () => {
  it.each(cases)("%s, while %s: %s", (event, status, expected) => {
    const before = sessions[status as Status];
    const [after, ...effects] = transition(before, events[event as EventName]);
    expect(after === before && effects.length === 0 ? "=" : [after.status, ...effects].join(" ")).toBe(
      expected,
    );
  });
});

describe("the session machine", () => {
  const refusal = (token: string): SessionEvent => ({ type: "refused", token, error, retryAt: 50 });
  const granted = (accessToken: string): SessionEvent => ({
    type: "granted",
    grant: { ...other, accessToken },
    now: 0,
  });
  const retry: SessionEvent = { type: "check", now: 50 };

  it("B7 the first refusal refreshes at once, the next two wait, and the third fresh token's ends the session", () => {
    let session = run(sessions.signedIn, refusal("current"));
    expect(session).toMatchObject({ status: "refreshing", reason: "rejected" });
    for (const fresh of ["fresh 1", "fresh 2"]) {
      session = run(session, granted(fresh), refusal(fresh));
      expect(session).toMatchObject({ status: "waiting", reason: "rejected", retryAt: 50 });
      session = run(session, retry);
      expect(session.status).toBe("refreshing");
    }
    session = run(session, granted("fresh 3"));
    const [ended, ...effects] = transition(session, refusal("fresh 3"));
    expect(ended).toEqual({ status: "signedOut", user, error });
    expect(effects).toEqual(["clear"]);
  });

  it("B7 refusals of one token count once, whoever was refused", () => {
    const session = run(sessions.signedIn, refusal("current"), refusal("current"), refusal("current"));
    expect(session).toMatchObject({ status: "refreshing", grant: { refusals: 1 } });
  });

  it("B7 a token that is taken ends the row of refusals", () => {
    const session = run(
      sessions.signedIn,
      refusal("current"),
      granted("fresh"),
      { type: "accepted", token: "fresh" },
      refusal("fresh"),
    );
    expect(session).toMatchObject({ status: "refreshing", reason: "rejected", grant: { refusals: 1 } });
  });

  it("B6 a renewal that still fails when the token is over is for an expired one", () => {
    expect(run(sessions.waiting, { type: "check", now: 199 })).toMatchObject({ reason: "expiring" });
    expect(run(sessions.waiting, { type: "check", now: 200 })).toMatchObject({ reason: "expired" });
  });

  it("B6 the attempts of a row of failures are counted, and a success starts anew", () => {
    const failed: SessionEvent = { type: "failed", error, retryAt: 50 };
    const session = run(sessions.refreshing, failed, retry, failed, retry, failed);
    expect(session).toMatchObject({ status: "waiting", attempt: 3 });
    expect(run(session, retry, granted("fresh"), { type: "check", now: 0, force: true })).toMatchObject({
      attempt: 0,
    });
  });

  it("B6 a session that had no token ends without an error", () => {
    const [ended] = transition(run(sessions.vacant, retry), { type: "ended", error });
    expect(ended).not.toHaveProperty("error");
  });

  it("B1 a token can be sent while it is neither expired nor refused", () => {
    for (const status of ["signedIn", "refreshing", "waiting"] as const) {
      expect(usableGrant(sessions[status], 199)).toBe(grant);
      expect(usableGrant(sessions[status], 200)).toBeUndefined();
    }
    expect(usableGrant(run(sessions.signedIn, refusal("current")), 0)).toBeUndefined();
    expect(usableGrant(run(sessions.signedIn, { type: "cut", token: "current" }), 0)).toBeUndefined();
    expect(usableGrant(run(sessions.signedIn, { type: "check", now: 0, force: true }), 0)).toBe(grant);
  });

  it("B12 the outlook of a session without a token is pending at first, and failing after a failure", () => {
    const first = run(sessions.vacant, retry);
    expect(tokenOutlook(first, 0)).toEqual({ status: "pending" });
    const second = run(first, { type: "failed", error, retryAt: 60 });
    expect(tokenOutlook(second, 0)).toEqual({ status: "failing", error, retryAt: 60 });
    expect(tokenOutlook(run(second, { type: "check", now: 60 }), 60)).toMatchObject({ status: "failing" });
    expect(tokenOutlook(sessions.waiting, 0)).toEqual({ status: "ready", grant });
    expect(tokenOutlook(sessions.signedOut, 0)).toEqual({ status: "signedOut" });
    expect(tokenOutlook(sessions.unread, 0)).toEqual({ status: "pending" });
  });

  it("B4 the next look is when a renewal or a retry is due", () => {
    expect(checkDueAt(sessions.signedIn)).toBe(100);
    expect(checkDueAt(sessions.waiting)).toBe(50);
    expect(checkDueAt(sessions.vacant)).toBe(0);
    for (const status of ["unread", "signedOut", "refreshing"] as const) {
      expect(checkDueAt(sessions[status])).toBeUndefined();
    }
  });

  it("B16 the user changes with the subject, and with an unknown one from elsewhere", () => {
    const unknown: Grant = { accessToken: "other", refusals: 0 };
    const bob: Grant = { ...other, subject: "bob" };
    const idAfter = (session: Session, event: SessionEvent) => run(session, event).user.id;
    expect(idAfter(sessions.signedIn, { type: "signIn", grant: other })).toBe(1);
    expect(idAfter(sessions.signedIn, { type: "signIn", grant: bob })).toBe(2);
    expect(idAfter(sessions.signedIn, { type: "signIn", grant: unknown })).toBe(2);
    expect(idAfter(sessions.signedIn, { type: "read", grant: other })).toBe(1);
    expect(idAfter(sessions.signedIn, { type: "read", grant: unknown })).toBe(2);
    expect(idAfter(sessions.refreshing, { type: "granted", grant: unknown, now: 0 })).toBe(1);
    expect(idAfter(sessions.refreshing, { type: "granted", grant: bob, now: 0 })).toBe(2);
    expect(idAfter(sessions.signedIn, { type: "signOut" })).toBe(2);
    expect(idAfter(sessions.unread, { type: "signIn", grant: bob })).toBe(1);
  });

  it("B16 two unknown users in a row are two, unless the session's own refresh brings the second", () => {
    const unknown: Session = {
      status: "signedIn",
      user: { id: 1 },
      grant: { accessToken: "a", refusals: 0 },
    };
    const next: Grant = { accessToken: "b", refusals: 0 };
    expect(run(unknown, { type: "signIn", grant: next }).user.id).toBe(2);
    expect(run(unknown, { type: "read", grant: next }).user.id).toBe(2);
    const forced: SessionEvent = { type: "check", now: 0, force: true };
    expect(run(unknown, forced, { type: "granted", grant: next, now: 0 }).user.id).toBe(1);
  });

  it("B17 an expired session keeps who it was, and the same subject is the same user again", () => {
    const expired = run(sessions.refreshing, { type: "ended", error, token: "current" });
    expect(expired.user).toEqual(user);
    expect(run(expired, { type: "signIn", grant: other }).user).toEqual(user);
  });
});
