import { AuthSocketError } from "authsocket";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Grant } from "../../src/client/core/grant.ts";
import {
  checkDueAt,
  grantOf,
  isDue,
  NOBODY,
  type RefreshReason,
  type Session,
  type SessionEvent,
  type SessionStep,
  type TokenOutlook,
  tokenOutlook,
  transition,
  type User,
  usableGrant,
} from "../../src/client/core/session-machine.ts";
import { allOf, type Rules, type States, testTransitions } from "../support/transition-table.ts";

const DUE = 800_000;
const EXPIRY = 1_000_000;
const RETRY = DUE;
const SINCE = 0;

const error = new AuthSocketError("refresh_failed");
const refusal = new AuthSocketError("token_rejected");

const ann: User = { id: 1, subject: "ann" };
const gone: User = { id: 2, subject: "ann" };
const token: Grant = {
  accessToken: "token",
  refreshToken: "held",
  subject: "ann",
  renewAt: DUE,
  expiresAt: EXPIRY,
  lifetime: EXPIRY,
  refusals: 0,
};
const fresh: Grant = { accessToken: "fresh", subject: "ann", refusals: 0 };
const bobs: Grant = { accessToken: "bob's", subject: "bob", refusals: 0 };
const longer: Grant = { ...token, expiresAt: 2 * EXPIRY };

const refused = (refusals: number): Grant => ({ ...token, refusals });
const signedIn = (grant: Grant, user = ann) => ({ status: "signedIn" as const, user, grant });
const refreshing = (reason: RefreshReason, grant?: Grant, attempt = 0) => {
  return { status: "refreshing" as const, user: grant ? ann : NOBODY, grant, reason, attempt };
};
const waiting = (reason: RefreshReason, attempt: number, grant?: Grant) => {
  const user = grant ? ann : NOBODY;
  return { status: "waiting" as const, user, grant, reason, attempt, since: SINCE, retryAt: RETRY, error };
};

const sessions = {
  unread: { empty: { status: "unread", user: NOBODY } },
  vacant: { empty: { status: "vacant", user: NOBODY } },
  signedOut: {
    byUser: { status: "signedOut", user: ann },
    expired: { status: "signedOut", user: ann, error },
  },
  signedIn: {
    good: signedIn(token),
    refusedOnce: signedIn(refused(1)),
    refusedTwice: signedIn(refused(2)),
    refusedThrice: signedIn(refused(3)),
  },
  refreshing: {
    missing: refreshing("missing"),
    expiring: refreshing("expiring", token, 2),
    expired: refreshing("expired", token),
    rejected: refreshing("rejected", refused(1)),
    forced: refreshing("forced", refused(3)),
  },
  waiting: {
    missing: waiting("missing", 1),
    expiring: waiting("expiring", 3, token),
    rejected: waiting("rejected", 0, refused(2)),
  },
} satisfies States<Session>;

const out = (user: User): Session => ({ status: "signedOut", user });
const bob = signedIn(bobs, { id: 2, subject: "bob" });
const bobFirst = signedIn(bobs, { id: 1, subject: "bob" });

const rules: Rules<typeof sessions, SessionEvent, SessionStep> = {
  read: {
    "B8 B10 a token newly in the store is taken over by every session, in place of a refresh in flight": {
      event: { type: "read", grant: bobs },
      moves: {
        unread: [bobFirst],
        vacant: [bobFirst],
        signedOut: [bob],
        signedIn: [bob],
        "refreshing.missing": [bobFirst, "abort"],
        refreshing: [bob, "abort"],
        "waiting.missing": [bobFirst],
        waiting: [bob],
      },
      stays: [],
    },
    "B10 an empty store signs nobody out": {
      event: { type: "read", grant: undefined },
      moves: { unread: [sessions.vacant.empty] },
      stays: ["vacant", "signedOut", "signedIn", "refreshing", "waiting"],
    },
  },
  signedOutElsewhere: {
    "B10 a sign-out in the store is followed, whatever is in flight": {
      event: { type: "signedOutElsewhere" },
      moves: {
        unread: [out(NOBODY)],
        vacant: [out(NOBODY)],
        signedIn: [out(gone)],
        "refreshing.missing": [out(NOBODY), "abort"],
        refreshing: [out(gone), "abort"],
        "waiting.missing": [out(NOBODY)],
        waiting: [out(gone)],
      },
      stays: ["signedOut"],
    },
  },
  check: {
    "B4 B6 nothing is refreshed before it is due, but a token that nobody has yet is": {
      event: { type: "check", now: RETRY - 1 },
      moves: { vacant: [refreshing("missing"), "refresh"] },
      stays: ["unread", "signedOut", "signedIn", "refreshing", "waiting"],
    },
    "B4 B6 a token is refreshed once its renewal is due, a failed refresh repeated once its backoff is over":
      {
        event: { type: "check", now: DUE },
        moves: {
          vacant: [refreshing("missing"), "refresh"],
          "signedIn.good": [refreshing("expiring", token), "refresh"],
          "signedIn.refusedOnce": [refreshing("expiring", refused(1)), "refresh"],
          "signedIn.refusedTwice": [refreshing("expiring", refused(2)), "refresh"],
          "signedIn.refusedThrice": [refreshing("expiring", refused(3)), "refresh"],
          "waiting.missing": [refreshing("missing", undefined, 1), "refresh"],
          "waiting.expiring": [refreshing("expiring", token, 3), "refresh"],
          "waiting.rejected": [refreshing("rejected", refused(2)), "refresh"],
        },
        stays: ["unread", "signedOut", "refreshing"],
      },
    "B6 a token whose time is over is refreshed as an expired one, even if the app forces it": {
      event: { type: "check", now: EXPIRY, force: true },
      moves: {
        vacant: [refreshing("missing"), "refresh"],
        "signedIn.good": [refreshing("expired", token), "refresh"],
        "signedIn.refusedOnce": [refreshing("expired", refused(1)), "refresh"],
        "signedIn.refusedTwice": [refreshing("expired", refused(2)), "refresh"],
        "signedIn.refusedThrice": [refreshing("expired", refused(3)), "refresh"],
        "waiting.missing": [refreshing("missing", undefined, 1), "refresh"],
        "waiting.expiring": [refreshing("expired", token, 3), "refresh"],
        "waiting.rejected": [refreshing("rejected", refused(2)), "refresh"],
      },
      stays: ["unread", "signedOut", "refreshing"],
    },
    "B2 B6 a forced refresh joins the one in flight, or the next after a backoff": {
      event: { type: "check", now: RETRY - 1, force: true },
      moves: {
        vacant: [refreshing("missing"), "refresh"],
        "signedIn.good": [refreshing("forced", token), "refresh"],
        "signedIn.refusedOnce": [refreshing("forced", refused(1)), "refresh"],
        "signedIn.refusedTwice": [refreshing("forced", refused(2)), "refresh"],
        "signedIn.refusedThrice": [refreshing("forced", refused(3)), "refresh"],
      },
      stays: ["unread", "signedOut", "refreshing", "waiting"],
    },
    "B6 a failed refresh is repeated at once when the network is back": {
      event: { type: "check", now: 0, online: true },
      moves: {
        vacant: [refreshing("missing"), "refresh"],
        "waiting.missing": [refreshing("missing", undefined, 1), "refresh"],
        "waiting.expiring": [refreshing("expiring", token, 3), "refresh"],
        "waiting.rejected": [refreshing("rejected", refused(2)), "refresh"],
      },
      stays: ["unread", "signedOut", "signedIn", "refreshing"],
    },
  },
  granted: {
    "B7 B10 only a session that refreshes takes the answer, and counts on where its token was refused": {
      event: { type: "granted", grant: fresh, now: 0 },
      moves: {
        "refreshing.missing": [signedIn(fresh), "save"],
        "refreshing.rejected": [signedIn({ ...fresh, refreshToken: "held", refusals: 1 }), "save"],
        refreshing: [signedIn({ ...fresh, refreshToken: "held" }), "save"],
      },
      stays: ["unread", "vacant", "signedOut", "signedIn", "waiting"],
    },
  },
  failed: {
    "B6 a failed refresh waits for its backoff, and keeps its token": {
      event: { type: "failed", error, now: SINCE, retryAt: RETRY },
      moves: {
        "refreshing.missing": [waiting("missing", 1)],
        "refreshing.expiring": [waiting("expiring", 3, token)],
        "refreshing.expired": [waiting("expired", 1, token)],
        "refreshing.rejected": [waiting("rejected", 1, refused(1))],
        "refreshing.forced": [waiting("forced", 1, refused(3))],
      },
      stays: ["unread", "vacant", "signedOut", "signedIn", "waiting"],
    },
  },
  ended: {
    "B6 B17 an ended session says why if it had a token, and keeps its user": {
      event: { type: "ended", error, token: "token" },
      moves: {
        "refreshing.missing": [out(NOBODY), "clear"],
        refreshing: [sessions.signedOut.expired, "clear"],
      },
      stays: ["unread", "vacant", "signedOut", "signedIn", "waiting"],
    },
  },
  accepted: {
    "B7 an accepted token ends the row of refusals, unless it has been refused itself": {
      event: { type: "accepted", token: "token" },
      moves: {
        "signedIn.refusedOnce": [sessions.signedIn.good],
        "signedIn.refusedTwice": [sessions.signedIn.good],
        "signedIn.refusedThrice": [sessions.signedIn.good],
        "refreshing.forced": [refreshing("forced", token)],
      },
      stays: ["unread", "vacant", "signedOut", "signedIn", "refreshing", "waiting"],
    },
    "B8 an accepted token that is no longer the current one changes nothing": {
      event: { type: "accepted", token: "older" },
      stays: ["unread", "vacant", "signedOut", "signedIn", "refreshing", "waiting"],
    },
  },
  refused: {
    "B7 a refused token counts once: at first a refresh at once, then a backoff, and after three fresh ones the end":
      {
        event: { type: "refused", token: "token", error: refusal, now: SINCE, retryAt: 7 },
        moves: {
          "signedIn.good": [refreshing("rejected", refused(1)), "refresh"],
          "signedIn.refusedOnce": [{ ...waiting("rejected", 0, refused(2)), retryAt: 7, error: refusal }],
          "signedIn.refusedTwice": [{ ...waiting("rejected", 0, refused(3)), retryAt: 7, error: refusal }],
          "signedIn.refusedThrice": [{ status: "signedOut", user: ann, error: refusal }, "clear"],
          "refreshing.expiring": [refreshing("rejected", refused(1), 2)],
          "refreshing.forced": [{ status: "signedOut", user: ann, error: refusal }, "abort", "clear"],
          "waiting.expiring": [waiting("rejected", 3, refused(1))],
        },
        stays: ["unread", "vacant", "signedOut", "refreshing", "waiting"],
      },
    "B8 a refused token that is no longer the current one costs no refresh": {
      event: { type: "refused", token: "older", error: refusal, now: SINCE, retryAt: 7 },
      stays: ["unread", "vacant", "signedOut", "signedIn", "refreshing", "waiting"],
    },
  },
  measured: {
    "B5 the server's measure counts for the current token, without its refusals": {
      event: { type: "measured", grant: longer },
      moves: {
        "signedIn.good": [signedIn(longer)],
        "signedIn.refusedOnce": [signedIn({ ...longer, refusals: 1 })],
        "signedIn.refusedTwice": [signedIn({ ...longer, refusals: 2 })],
        "signedIn.refusedThrice": [signedIn({ ...longer, refusals: 3 })],
        "refreshing.expiring": [refreshing("expiring", longer, 2)],
        "refreshing.expired": [refreshing("expired", longer)],
        "refreshing.rejected": [refreshing("rejected", { ...longer, refusals: 1 })],
        "refreshing.forced": [refreshing("forced", { ...longer, refusals: 3 })],
        "waiting.expiring": [waiting("expiring", 3, longer)],
        "waiting.rejected": [waiting("rejected", 0, { ...longer, refusals: 2 })],
      },
      stays: ["unread", "vacant", "signedOut", "refreshing.missing", "waiting.missing"],
    },
    "B5 the server's measure of another token changes nothing": {
      event: { type: "measured", grant: fresh },
      stays: ["unread", "vacant", "signedOut", "signedIn", "refreshing", "waiting"],
    },
  },
  cut: {
    "B14 a token that the server has cut off is refreshed at once, as an expired one": {
      event: { type: "cut", token: "token" },
      moves: {
        "signedIn.good": [refreshing("expired", token), "refresh"],
        "signedIn.refusedOnce": [refreshing("expired", refused(1)), "refresh"],
        "signedIn.refusedTwice": [refreshing("expired", refused(2)), "refresh"],
        "signedIn.refusedThrice": [refreshing("expired", refused(3)), "refresh"],
        "refreshing.expiring": [refreshing("expired", token, 2)],
        "refreshing.forced": [refreshing("expired", refused(3))],
        "waiting.expiring": [waiting("expired", 3, token)],
      },
      stays: ["unread", "vacant", "signedOut", "refreshing", "waiting"],
    },
    "B8 B14 a cut over a token that is no longer the current one costs no refresh": {
      event: { type: "cut", token: "older" },
      stays: ["unread", "vacant", "signedOut", "signedIn", "refreshing", "waiting"],
    },
  },
  signIn: {
    "B10 a sign-in is taken and stored by every session, in place of a refresh in flight": {
      event: { type: "signIn", grant: bobs },
      moves: {
        unread: [bobFirst, "save"],
        vacant: [bobFirst, "save"],
        signedOut: [bob, "save"],
        signedIn: [bob, "save"],
        "refreshing.missing": [bobFirst, "abort", "save"],
        refreshing: [bob, "abort", "save"],
        "waiting.missing": [bobFirst, "save"],
        waiting: [bob, "save"],
      },
      stays: [],
    },
  },
  reopen: {
    "B10 a sign-in without tokens lifts a decided sign-out, and nothing else": {
      event: { type: "reopen" },
      moves: { signedOut: [{ status: "vacant", user: ann }, "reopen"] },
      stays: ["unread", "vacant", "signedIn", "refreshing", "waiting"],
    },
  },
  robbed: {
    "B3 an answer that came too late is of no use: the turn is waited for again": {
      event: { type: "robbed" },
      moves: {
        "refreshing.missing": [sessions.refreshing.missing, "refresh"],
        "refreshing.expiring": [sessions.refreshing.expiring, "refresh"],
        "refreshing.expired": [sessions.refreshing.expired, "refresh"],
        "refreshing.rejected": [sessions.refreshing.rejected, "refresh"],
        "refreshing.forced": [sessions.refreshing.forced, "refresh"],
      },
      stays: ["unread", "vacant", "signedOut", "signedIn", "waiting"],
    },
  },
  signedInElsewhere: {
    "B16 who shares a refresh cookie asks it who has signed in": {
      event: { type: "signedInElsewhere" },
      moves: {
        signedOut: [{ status: "vacant", user: ann }, "reopen"],
        "signedIn.good": [refreshing("forced", token), "refresh"],
        "signedIn.refusedOnce": [refreshing("forced", refused(1)), "refresh"],
        "signedIn.refusedTwice": [refreshing("forced", refused(2)), "refresh"],
        "signedIn.refusedThrice": [refreshing("forced", refused(3)), "refresh"],
      },
      stays: ["unread", "vacant", "refreshing", "waiting"],
    },
  },
  signOut: {
    "B10 B16 a sign-out beats a refresh in flight, and leaves the user's things to nobody": {
      event: { type: "signOut" },
      moves: {
        unread: [out(NOBODY), "forget"],
        vacant: [out(NOBODY), "forget"],
        signedOut: [out(gone), "forget"],
        signedIn: [out(gone), "forget"],
        "refreshing.missing": [out(NOBODY), "abort", "forget"],
        refreshing: [out(gone), "abort", "forget"],
        "waiting.missing": [out(NOBODY), "forget"],
        waiting: [out(gone), "forget"],
      },
      stays: [],
    },
  },
};

/** The state that the events lead to, one after the other. */
function run(session: Session, ...events: SessionEvent[]): Session {
  return events.reduce((state, event) => transition(state, event)[0], session);
}

describe("the session, event by event", () => testTransitions(transition, sessions, rules));

describe("the session", () => {
  const forced: SessionEvent = { type: "check", now: 0, force: true };
  const failed: SessionEvent = { type: "failed", error, now: SINCE, retryAt: RETRY };
  const retry: SessionEvent = { type: "check", now: RETRY };
  const read = (accessToken: string): SessionEvent => ({ type: "read", grant: { ...fresh, accessToken } });
  const granted = (accessToken: string): SessionEvent => {
    return { type: "granted", grant: { ...fresh, accessToken }, now: 0 };
  };
  const refuse = (accessToken: string): SessionEvent => {
    return { type: "refused", token: accessToken, error: refusal, now: SINCE, retryAt: RETRY };
  };

  it.each<[string, (accessToken: string) => SessionEvent[]]>([
    ["its own refreshes bring", (accessToken) => [retry, granted(accessToken)]],
    ["other tabs store", (accessToken) => [read(accessToken)]],
  ])("B7 is ended by three refused tokens in a row that %s", (_, bring) => {
    const refusals = ["second", "third", "fourth"].flatMap((each) => [...bring(each), refuse(each)]);
    const session = run(sessions.signedIn.good, refuse("token"), ...refusals.slice(0, -1));
    expect(session.status).toBe("signedIn");
    expect(transition(session, refuse("fourth"))).toEqual([
      { status: "signedOut", user: ann, error: refusal },
      "clear",
    ]);
  });

  it("B6 counts the failures in a row, from the first after a success", () => {
    const session = run(sessions.vacant.empty, retry, failed, retry, failed, retry, failed);
    expect(session).toMatchObject({ status: "waiting", attempt: 3 });
    expect(run(session, retry, granted("fresh"), forced, failed)).toMatchObject({ attempt: 1 });
  });

  it.each<[string, User, SessionEvent, number]>([
    ["the same subject signs in", ann, { type: "signIn", grant: fresh }, 1],
    ["another subject signs in", ann, { type: "signIn", grant: bobs }, 2],
    ["an unknown one signs in", ann, { type: "signIn", grant: { accessToken: "x", refusals: 0 } }, 2],
    [
      "one unknown follows another",
      { id: 1 },
      { type: "signIn", grant: { accessToken: "x", refusals: 0 } },
      2,
    ],
    ["the same subject is stored", ann, { type: "read", grant: fresh }, 1],
    ["an unknown one is stored", ann, { type: "read", grant: { accessToken: "x", refusals: 0 } }, 2],
    ["a refresh names the same", ann, { type: "granted", grant: fresh, now: 0 }, 1],
    ["a refresh names another", ann, { type: "granted", grant: bobs, now: 0 }, 2],
    ["a refresh names nobody", ann, { type: "granted", grant: { accessToken: "x", refusals: 0 }, now: 0 }, 1],
    ["a refresh names an unknown", { id: 1 }, { type: "granted", grant: bobs, now: 0 }, 2],
    [
      "neither side names one",
      { id: 1 },
      { type: "granted", grant: { accessToken: "x", refusals: 0 }, now: 0 },
      1,
    ],
  ])("B16 %s: of user %o", (_, user, event, id) => {
    const { subject, ...nameless } = token;
    const grant = user.subject ? token : nameless;
    expect(run({ ...refreshing("expiring", grant), user }, event).user.id).toBe(id);
  });

  it("B16 who signs in without a subject, by a cookie, inherits nothing from the last user", () => {
    const unnamed: Grant = { accessToken: "x", refusals: 0 };
    const expired: Session = { status: "signedOut", user: { id: 1 }, error };
    const session = run(expired, { type: "reopen" }, retry, { type: "granted", grant: unnamed, now: 0 });
    expect(session).toMatchObject({ status: "signedIn", user: { id: 2 } });
  });

  it.each(["signIn", "read"] as const)("B17 the same subject resumes an expired session by %s", (type) => {
    const event: SessionEvent = { type, grant: fresh };
    expect(run(sessions.signedOut.expired, event)).toEqual(signedIn(fresh));
  });

  describe("B5 handed the same JWT again", () => {
    const again: Grant = { ...longer, claims: { exp: 1 }, renewAt: DUE + EXPIRY };
    const handed = (from: Session, now: number, grant = again) => run(from, { type: "granted", grant, now });

    it.each<[number, number]>([
      [600_000, 800_000],
      [999_500, 1_000_500],
    ])("at %i keeps its expiry, and asks again halfway there, at %i", (now, renewAt) => {
      for (const session of [sessions.refreshing.expiring, sessions.refreshing.forced]) {
        expect(handed(session, now)).toMatchObject({ grant: { expiresAt: EXPIRY, renewAt } });
      }
    });

    it.each<[string, Session, Grant]>([
      ["another JWT", sessions.refreshing.expiring, { ...again, accessToken: "fresh" }],
      ["an opaque token", sessions.refreshing.expiring, longer],
      ["a token whose expiry was unknown", refreshing("forced", { ...fresh, accessToken: "token" }), again],
      ["a token that was refused", sessions.refreshing.rejected, again],
      ["a token whose time was over", sessions.refreshing.expired, again],
    ])("begins anew with %s", (_, from, { ...grant }) => {
      const { expiresAt, renewAt } = grantOf(handed(from, 0, grant)) ?? {};
      expect({ expiresAt, renewAt }).toEqual({ expiresAt: grant.expiresAt, renewAt: grant.renewAt });
    });
  });
});

describe("what a session is asked", () => {
  const { good } = sessions.signedIn;
  const { missing, expiring, expired, rejected, forced } = sessions.refreshing;
  const pending: TokenOutlook = { status: "pending" };

  it.each<[string, Session, number, Grant | undefined]>([
    ["a good one", good, EXPIRY - 1, token],
    ["one without known expiry", signedIn(fresh), Number.MAX_SAFE_INTEGER, fresh],
    ["one being renewed early", expiring, EXPIRY - 1, token],
    ["one being renewed by force", forced, 0, refused(3)],
    ["one whose early renewal failed", sessions.waiting.expiring, EXPIRY - 1, token],
    ["an expired one", good, EXPIRY, undefined],
    ["one that expired in a renewal", expiring, EXPIRY, undefined],
    ["one that was cut off", expired, 0, undefined],
    ["one that was refused", rejected, 0, undefined],
    ["one that was refused, and waits", sessions.waiting.rejected, 0, undefined],
    ["none", sessions.vacant.empty, 0, undefined],
  ])("B1 B6 the token to send: %s", (_, session, now, grant) => {
    expect(usableGrant(session, now)).toEqual(grant);
  });

  it.each<[string, Session, number, TokenOutlook]>([
    ["unread", sessions.unread.empty, 0, pending],
    ["vacant", sessions.vacant.empty, 0, pending],
    ["signed in", good, 0, { status: "ready", grant: token }],
    ["signed in, with an expired token", good, EXPIRY, pending],
    ["renewing early", expiring, 0, { status: "ready", grant: token }],
    ["refreshing for the first time", missing, 0, pending],
    ["refreshing what was refused", rejected, 0, pending],
    ["refreshing again", { ...missing, attempt: 1 }, 0, { status: "failing" }],
    ["waiting with a good token", sessions.waiting.expiring, 0, { status: "ready", grant: token }],
    [
      "waiting with an expired one",
      sessions.waiting.expiring,
      EXPIRY,
      { status: "failing", error, retryAt: RETRY },
    ],
    [
      "waiting with a refused one",
      sessions.waiting.rejected,
      0,
      { status: "failing", error, retryAt: RETRY },
    ],
    ["signed out", sessions.signedOut.byUser, 0, { status: "signedOut" }],
    ["signed out by the server", sessions.signedOut.expired, 0, { status: "signedOut", error }],
  ])("B12 the outlook: %s", (_, session, now, outlook) => {
    expect(tokenOutlook(session, now)).toEqual(outlook);
  });

  it("B4 when it wants to be checked: at the renewal or the retry that is due, and at once without a token", () => {
    const due = allOf<Session>(sessions).map(([status, , session]) => [status, checkDueAt(session)]);
    expect(Object.fromEntries(due)).toEqual({
      unread: undefined,
      vacant: 0,
      signedOut: undefined,
      signedIn: DUE,
      refreshing: undefined,
      waiting: RETRY,
    });
    expect(checkDueAt(signedIn(fresh))).toBeUndefined();
  });

  it("B4 B14 a token is due from its renewal on, else from its expiry, and never where that is unknown", () => {
    const { renewAt, ...unscheduled } = token;
    expect([DUE - 1, DUE].map((now) => isDue(token, now))).toEqual([false, true]);
    expect([EXPIRY - 1, EXPIRY].map((now) => isDue(unscheduled, now))).toEqual([false, true]);
    expect(isDue(fresh, Number.MAX_SAFE_INTEGER)).toBe(false);
  });

  it("B5 a wait is over once the clock shows a time before it began: it has been put back", () => {
    const wait = { ...waiting("missing", 1), since: 10_000, retryAt: 20_000 };
    const at = [10_000 - 2 * 3_600_000, 8_999, 9_001, 19_999];
    const statuses = at.map((now) => transition(wait, { type: "check", now })[0].status);
    expect(statuses).toEqual(["refreshing", "refreshing", "waiting", "waiting"]);
  });

  it("B5 a token is due once the clock shows a time before its life began: it has been put back", () => {
    const lifetime = 100_000;
    const born = EXPIRY - lifetime;
    const at = [born - 2 * 3_600_000, born - 1_001, born - 1, born];
    expect(at.map((now) => isDue({ ...token, renewAt: EXPIRY, lifetime }, now))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

describe("the session, whatever happens", () => {
  const accessToken = fc.constantFrom("token", "fresh", "x");
  const now = fc.nat(2 * EXPIRY);
  const grant = fc.record(
    {
      accessToken,
      subject: fc.constantFrom("ann", "bob"),
      expiresAt: now,
      renewAt: now,
      refusals: fc.constant(0),
    },
    { requiredKeys: ["accessToken", "refusals"] },
  );
  const records: { [Type in SessionEvent["type"]]: fc.Arbitrary<Extract<SessionEvent, { type: Type }>> } = {
    read: fc.record({ type: fc.constant("read"), grant: fc.option(grant, { nil: undefined }) }),
    signedOutElsewhere: fc.record({ type: fc.constant("signedOutElsewhere") }),
    check: fc.record({ type: fc.constant("check"), now, force: fc.boolean(), online: fc.boolean() }),
    granted: fc.record({ type: fc.constant("granted"), grant, now }),
    failed: fc.record({ type: fc.constant("failed"), error: fc.constant(error), now, retryAt: now }),
    robbed: fc.record({ type: fc.constant("robbed") }),
    ended: fc.record({ type: fc.constant("ended"), error: fc.constant(error) }),
    accepted: fc.record({ type: fc.constant("accepted"), token: accessToken }),
    refused: fc.record({
      type: fc.constant("refused"),
      token: accessToken,
      error: fc.constant(refusal),
      now,
      retryAt: now,
    }),
    cut: fc.record({ type: fc.constant("cut"), token: accessToken }),
    measured: fc.record({ type: fc.constant("measured"), grant }),
    signIn: fc.record({ type: fc.constant("signIn"), grant }),
    reopen: fc.record({ type: fc.constant("reopen") }),
    signedInElsewhere: fc.record({ type: fc.constant("signedInElsewhere") }),
    signOut: fc.record({ type: fc.constant("signOut") }),
  };
  const events = fc.array(fc.oneof(...Object.values<fc.Arbitrary<SessionEvent>>(records)), { maxLength: 60 });

  /** Shows each step that any events lead to. */
  function everyStep(look: (before: Session, event: SessionEvent, step: SessionStep) => void): void {
    void fc.assert(
      fc.property(events, (sequence) => {
        let session: Session = sessions.unread.empty;
        for (const event of sequence) {
          const step = transition(session, event);
          look(session, event, step);
          [session] = step;
        }
      }),
      { numRuns: 500 },
    );
  }

  it("B2 B10 has one refresh in flight while it refreshes, and gives up none but by aborting it", () => {
    everyStep((before, { type }, [after, ...effects]) => {
      const [was, is] = [before.status === "refreshing", after.status === "refreshing"];
      expect(effects.includes("refresh")).toBe(is && (!was || type === "robbed"));
      const isAnswered = type === "granted" || type === "failed" || type === "ended";
      expect(effects.includes("abort")).toBe(was && !is && !isAnswered);
    });
  });

  it("B10 a sign-out is left only by a sign-in or a stored token", () => {
    everyStep((before, event, [after]) => {
      if (before.status !== "signedOut" || after.status === "signedOut") return;
      const ways = ["signIn", "signedInElsewhere", "reopen", "read"];
      expect(ways).toContain(event.type);
      if (event.type === "read") expect(event.grant).toBeDefined();
    });
  });

  it("B7 never holds a token beyond three refused fresh ones, and sends none that was refused", () => {
    everyStep((_, event, [after]) => {
      expect(grantOf(after)?.refusals ?? 0).toBeLessThanOrEqual(3);
      if (event.type === "refused") expect(usableGrant(after, -1)?.accessToken).not.toBe(event.token);
    });
  });

  it("B16 no two subjects are one user, and no user returns", () => {
    const taken: SessionEvent["type"][] = ["read", "granted", "signIn"];
    everyStep((before, { type }, [after]) => {
      expect(after.user.id).toBeGreaterThanOrEqual(before.user.id);
      if (after.user.id === before.user.id) expect(after.user).toEqual(before.user);
      const grant = grantOf(after);
      if (grant && taken.includes(type)) expect(after.user.subject).toBe(grant.subject);
    });
  });
});
