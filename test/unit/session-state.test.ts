import { describe, expect, it } from "vitest";
import { AuthSocketError } from "../../src/client/errors.ts";
import type { RefreshReason } from "../../src/client/refresh/refresh.ts";
import type { RefreshAttempt } from "../../src/client/session/refresh-attempt.ts";
import {
  checkDueAt,
  isAnswerable,
  type SessionState,
  type State,
  type TokenView,
  tokenOf,
  toSessionState,
  usableToken,
  viewToken,
} from "../../src/client/session/session-state.ts";
import type { AccessToken } from "../../src/client/token/access-token.ts";

const NOW = 1_000_000_000;
const RETRY_AT = NOW + 3_000;

const user = { id: 1, subject: "alice" };
const error = new AuthSocketError("refresh_failed");
const attempt = {} as RefreshAttempt;
const claims = { sub: "alice" };

const token: AccessToken = {
  accessToken: "a",
  refreshToken: "r",
  signInId: "s",
  subject: "alice",
  claims,
  renewAt: NOW + 1_000,
  expiresAt: NOW + 2_000,
};

const loading: State = { status: "loading", user };
const unknown: State = { status: "unknown", user };
const signedOut: State = { status: "signedOut", user };
const ended: State = { status: "signedOut", user, error };
const signedIn: State = { status: "signedIn", user, token };

function refreshing(reason: RefreshReason, held?: AccessToken, failures = 0): State {
  return { status: "refreshing", user, token: held, reason, failures, attempt };
}

function waiting(reason: RefreshReason, held?: AccessToken, late?: RefreshAttempt): State {
  const times = { since: NOW, retryAt: RETRY_AT };
  return { status: "waiting", user, token: held, reason, failures: 1, ...times, error, late };
}

describe("the token of a session", () => {
  it.each<[string, State, AccessToken | undefined]>([
    ["a session that is signed in", signedIn, token],
    ["a session that refreshes", refreshing("rejected", token), token],
    ["a session that waits", waiting("expired", token), token],
    ["a session whose first token is on its way", refreshing("missing"), undefined],
    ["a session that is signed out", signedOut, undefined],
  ])("B1 good or not, %s has: %j", (_, state, held) => {
    expect(tokenOf(state)).toBe(held);
  });

  it.each<[RefreshReason, boolean]>([
    ["expiring", true],
    ["forced", true],
    ["expired", false],
    ["rejected", false],
    ["missing", false],
  ])("B1 B6 goes on serving while it is refreshed because it is %s: %s", (reason, serves) => {
    for (const state of [refreshing(reason, token), waiting(reason, token)]) {
      expect(isAnswerable(state)).toBe(serves);
      expect(usableToken(state, NOW)).toBe(serves ? token : undefined);
      expect(usableToken(state, NOW + 1_999)).toBe(serves ? token : undefined);
      expect(usableToken(state, NOW + 2_000)).toBeUndefined();
    }
  });

  it("B1 serves a session that is signed in until it ends", () => {
    expect(isAnswerable(signedIn)).toBe(true);
    expect(usableToken(signedIn, NOW + 1_999)).toBe(token);
    expect(usableToken(signedIn, NOW + 2_000)).toBeUndefined();
    expect(usableToken(signedOut, NOW)).toBeUndefined();
  });

  it.each<[string, State, TokenView]>([
    ["ready while it is good", signedIn, { status: "ready", token }],
    ["ready while it is renewed ahead", waiting("expiring", token), { status: "ready", token }],
    ["pending before the store has answered", loading, { status: "pending" }],
    ["pending before anybody has asked", unknown, { status: "pending" }],
    ["pending while it is asked for", refreshing("missing"), { status: "pending" }],
    ["pending while a refused one is replaced", refreshing("rejected", token), { status: "pending" }],
    ["failing while it is asked for again", refreshing("missing", undefined, 1), { status: "failing" }],
    ["failing between two attempts", waiting("expired"), { status: "failing", error, retryAt: RETRY_AT }],
    ["absent where somebody has signed out", signedOut, { status: "signedOut" }],
    ["absent where the session has ended", ended, { status: "signedOut", error }],
  ])("B7 is %s", (_, state, view) => {
    expect(viewToken(state, NOW)).toStrictEqual(view);
  });

  it("B1 is pending where it has ended and its refresh is about to begin", () => {
    expect(viewToken(signedIn, NOW + 2_000)).toEqual({ status: "pending" });
  });
});

describe("a session in demand", () => {
  it.each<[string, State, number | undefined]>([
    ["at once where nobody has asked yet", unknown, 0],
    ["when its token is due", signedIn, NOW + 1_000],
    [
      "never where its token has no known end",
      { ...signedIn, token: { accessToken: "a", signInId: "s" } },
      undefined,
    ],
    [
      "at the end of a token that cannot be renewed",
      { ...signedIn, token: { ...token, spent: true } },
      NOW + 2_000,
    ],
    ["at its next attempt", waiting("expired"), RETRY_AT],
    ["not while the last attempt may still be answered", waiting("expired", token, attempt), undefined],
    ["not while it refreshes", refreshing("expired", token), undefined],
    ["not while the store is asked", loading, undefined],
    ["not where nobody is signed in", signedOut, undefined],
  ])("B4 B22 is looked at %s", (_, state, at) => {
    expect(checkDueAt(state)).toBe(at);
  });
});

describe("what users see of a session", () => {
  const identity = { subject: "alice", claims, expiresAt: NOW + 2_000 };
  const assumed: AccessToken = { accessToken: "cookie", signInId: "s", assumed: true };

  it.each<[string, State, SessionState]>([
    ["a store that is asked", loading, { status: "unknown" }],
    ["nobody has asked yet", unknown, { status: "unknown" }],
    ["somebody has signed out", signedOut, { status: "signedOut" }],
    ["the session has ended", ended, { status: "signedOut", error }],
    ["somebody is signed in", signedIn, { status: "signedIn", ...identity }],
    ["a cookie that may be there", { ...signedIn, token: assumed }, { status: "unknown" }],
    [
      "such a cookie is renewed",
      refreshing("rejected", assumed),
      { status: "refreshing", reason: "rejected" },
    ],
    [
      "a token is renewed",
      refreshing("expiring", token),
      { status: "refreshing", reason: "expiring", ...identity },
    ],
    ["the first token is asked for", refreshing("missing"), { status: "refreshing", reason: "missing" }],
    [
      "an attempt has failed",
      waiting("expired", token),
      { status: "waiting", ...identity, retryAt: RETRY_AT, error },
    ],
  ])("S1 holds no token: %s", (_, state, seen) => {
    expect(toSessionState(state, undefined, false)).toStrictEqual(seen);
  });

  it.each<[string, State, SessionState]>([
    ["unknown while the source may be loading", refreshing("missing"), { status: "unknown" }],
    [
      "as it is where there is a token already",
      refreshing("expiring", token),
      { status: "refreshing", reason: "expiring", ...identity },
    ],
    [
      "as it is where an attempt has failed",
      waiting("missing"),
      { status: "waiting", retryAt: RETRY_AT, error },
    ],
    ["as it is where nobody is signed in", signedOut, { status: "signedOut" }],
  ])("B20 with a source, it is %s", (_, state, seen) => {
    expect(toSessionState(state, undefined, true)).toStrictEqual(seen);
  });

  it("B9 a warning comes with every state", () => {
    const warning = new AuthSocketError("storage_unavailable");
    for (const state of [loading, signedOut, signedIn, waiting("expired", token)])
      expect(toSessionState(state, warning, false)).toStrictEqual({
        ...toSessionState(state, undefined, false),
        warning,
      });
  });
});
