import { describe, expect, it } from "vitest";
import { AuthSocketError } from "../../src/client/errors.ts";
import type { RefreshAttempt } from "../../src/client/session/refresh-attempt.ts";
import type { State } from "../../src/client/session/session-state.ts";
import { answerTab, type TabAnswer } from "../../src/client/session/tab-news.ts";
import type { TabNews } from "../../src/client/tabs/refresh-lock.ts";
import type { AccessToken } from "../../src/client/token/access-token.ts";
import { fingerprint } from "../../src/client/token/fingerprint.ts";

/** What the other tab tells, by a subject and a token instead of their fingerprints. */
function news(kind: "signIn" | "signOut" | "look", subject?: string, accessToken = "theirs"): TabNews {
  return {
    signedOut: kind !== "signIn",
    look: kind === "look",
    user: subject === undefined ? undefined : fingerprint(subject),
    token: kind === "signIn" ? fingerprint(accessToken) : undefined,
    since: 0,
  };
}

function held(more: Partial<AccessToken> = {}): AccessToken {
  return { accessToken: "ours", signInId: "s", ...more };
}

const user = { id: 1, subject: "alice" };
const nameless = { id: 1 };

const signedOut: State = { status: "signedOut", user };
const loading: State = { status: "loading", user: { id: 0 } };
const signedIn: State = { status: "signedIn", user, token: held() };
const refreshing: State = {
  status: "refreshing",
  user,
  token: held(),
  reason: "expiring",
  failures: 0,
  attempt: {} as RefreshAttempt,
};
const waiting: State = {
  status: "waiting",
  user,
  token: held(),
  reason: "expired",
  failures: 1,
  since: 0,
  retryAt: 1,
  error: new AuthSocketError("refresh_failed"),
};
const withoutName: State = { status: "signedIn", user: nameless, token: held() };
const withRefreshToken: State = { status: "signedIn", user, token: held({ refreshToken: "r" }) };

describe("what a session does about the news of another tab", () => {
  it.each<[string, TabNews, State, TabAnswer]>([
    ["B10 a sign-out signs out", news("signOut", "alice"), signedIn, "leave"],
    ["B10 a sign-out of a user without a name signs out", news("signOut"), signedIn, "leave"],
    ["B10 a sign-out signs out a user without a name", news("signOut", "alice"), withoutName, "leave"],
    ["B10 a sign-out signs out a session that is loading", news("signOut", "bob"), loading, "leave"],
    ["B10 another user's sign-out is no news", news("signOut", "bob"), signedIn, "nothing"],
    ["B10 who was here before does not matter", news("signOut", "bob"), signedOut, "leave"],
    ["B10 without a source, a look is a sign-out", news("look", "alice"), signedIn, "leave"],
    ["B10 a sign-in opens a session that was signed out", news("signIn", "alice"), signedOut, "reopen"],
    ["B16 a sign-in of another user is found out", news("signIn", "bob"), signedIn, "refresh"],
    ["B16 a sign-in of a user without a name is found out", news("signIn"), signedIn, "refresh"],
    ["B16 where nobody is named, it is another user", news("signIn", "bob"), withoutName, "startAnew"],
    ["B16 a sign-in of the same user is no news", news("signIn", "alice"), signedIn, "nothing"],
    ["B16 a refresh under way finds out by itself", news("signIn", "bob"), refreshing, "nothing"],
    ["B16 a retry finds out by itself", news("signIn", "bob"), waiting, "nothing"],
    ["B16 a session that is loading finds out by itself", news("signIn", "bob"), loading, "nothing"],
    ["B23 a sign-in with the same token is no news", news("signIn", "bob", "ours"), signedIn, "nothing"],
    ["B23 the same, without a name", news("signIn", undefined, "ours"), withoutName, "nothing"],
    ["B6 a refresh token goes alone at a sign-out", news("signOut", "alice"), withRefreshToken, "nothing"],
    ["B6 a refresh token goes alone at a sign-in", news("signIn", "bob"), withRefreshToken, "nothing"],
  ])("%s", (_, what, state, answer) => {
    expect(answerTab(what, state, false)).toBe(answer);
  });

  it.each<[string, TabNews, State, TabAnswer]>([
    ["at a sign-in", news("signIn", "bob"), signedIn, "askSource"],
    ["at a sign-in with the same token", news("signIn", "alice", "ours"), signedIn, "askSource"],
    ["where it is to look", news("look", "alice"), signedIn, "askSource"],
    ["not at a sign-out", news("signOut", "alice"), signedIn, "leave"],
    ["not at another user's sign-out", news("signOut", "bob"), signedIn, "nothing"],
    ["not where there is a refresh token", news("signIn", "bob"), withRefreshToken, "nothing"],
  ])("B10 a source is asked %s", (_, what, state, answer) => {
    expect(answerTab(what, state, true)).toBe(answer);
  });
});
