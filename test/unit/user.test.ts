import { describe, expect, it } from "vitest";
import {
  drawnAt,
  drawSignIn,
  impliedSignIn,
  isSameUser,
  NOBODY,
  nextUser,
  perhapsAnother,
  successor,
  type User,
} from "../../src/client/token/user.ts";

const NOW = Date.UTC(2026, 0, 1);

const alice: User = { id: 3, subject: "alice", signInId: "a" };
const nameless: User = { id: 3, subject: undefined, signInId: "a" };

describe("who a session is for", () => {
  it.each<[string, User, { subject?: string; signInId: string }, boolean]>([
    ["equal subjects are one user", alice, { subject: "alice", signInId: "b" }, true],
    ["other subjects are another, of one sign-in too", alice, { subject: "bob", signInId: "a" }, false],
    ["a token without a name goes by its sign-in", alice, { signInId: "a" }, true],
    ["a token without a name and of another sign-in is another's", alice, { signInId: "b" }, false],
    ["a user without a name goes by the sign-in", nameless, { subject: "alice", signInId: "a" }, true],
    ["a user without a name is not whoever is named", nameless, { subject: "alice", signInId: "b" }, false],
    ["nobody is like nobody", NOBODY, { signInId: "a" }, false],
    ["nobody is like nobody, of one sign-in too", { id: 0, signInId: "a" }, { signInId: "a" }, false],
  ])("B16 %s", (_, user, token, isSame) => {
    expect(isSameUser(user, token)).toBe(isSame);
  });

  it.each<[string, User, { subject?: string; signInId: string }, User]>([
    [
      "the first takes over from nobody",
      NOBODY,
      { subject: "alice", signInId: "a" },
      { id: 1, subject: "alice", signInId: "a" },
    ],
    [
      "another user inherits nothing",
      alice,
      { subject: "bob", signInId: "b" },
      { id: 4, subject: "bob", signInId: "b" },
    ],
    [
      "another user without a name inherits no name",
      alice,
      { signInId: "b" },
      { id: 4, subject: undefined, signInId: "b" },
    ],
    [
      "the same user signs in again",
      alice,
      { subject: "alice", signInId: "b" },
      { id: 3, subject: "alice", signInId: "b" },
    ],
    ["a user gets a name", nameless, { subject: "alice", signInId: "a" }, alice],
  ])("B16 %s", (_, user, token, next) => {
    expect(nextUser(user, token)).toEqual(next);
  });

  it.each([
    { subject: "alice", signInId: "a" },
    { subject: undefined, signInId: "a" },
  ])("B16 %j changes nothing about the user that it names", (token) => {
    expect(nextUser(alice, token)).toEqual(alice);
  });

  it("B16 B17 after a sign-out there is another user, who may be the same", () => {
    expect(successor(alice)).toEqual({ ...alice, id: 4 });
    expect(successor(NOBODY)).toBe(NOBODY);
  });

  it("B16 after a sign-in whose tokens are still to come, a user with a name may be the same", () => {
    const perhaps = perhapsAnother(alice, "b");
    expect(perhaps).toEqual({ id: 3, subject: "alice", signInId: undefined });
    expect(isSameUser(perhaps, { subject: "alice", signInId: "b" })).toBe(true);
    expect(isSameUser(perhaps, { signInId: "a" })).toBe(false);
  });

  it("B16 after a sign-in whose tokens are still to come, a user without a name is another", () => {
    expect(perhapsAnother(nameless, "b")).toEqual({ id: 4, subject: undefined, signInId: "b" });
    expect(perhapsAnother(NOBODY, "b")).toEqual({ id: 0, signInId: "b" });
  });
});

describe("the id of a sign-in", () => {
  it("B16 tells when it was drawn", () => {
    for (const random of [0, 0.5, 1 - Number.EPSILON])
      expect(drawnAt(drawSignIn({ now: () => NOW, random: () => random }))).toBe(NOW);
  });

  it("B16 is another by time and by chance", () => {
    const drawn = [
      drawSignIn({ now: () => NOW, random: () => 0.25 }),
      drawSignIn({ now: () => NOW + 1, random: () => 0.25 }),
      drawSignIn({ now: () => NOW, random: () => 0.250_000_000_001 }),
    ];
    expect(new Set(drawn).size).toBe(3);
  });

  it.each([undefined, "", "abc", ".abc", "of 123", "of 12.3", "-.3"])(
    "B16 %o was not drawn, and tells no instant",
    (signInId) => {
      expect(drawnAt(signInId)).toBeNaN();
    },
  );

  it("B16 of tokens that came without one is the same in every tab, and goes by the refresh token", () => {
    const tokens = { accessToken: "a", refreshToken: "r" };
    expect(impliedSignIn({ ...tokens })).toBe(impliedSignIn(tokens));
    expect(impliedSignIn({ ...tokens, accessToken: "b" })).toBe(impliedSignIn(tokens));
    expect(impliedSignIn({ ...tokens, refreshToken: "s" })).not.toBe(impliedSignIn(tokens));
    expect(impliedSignIn({ accessToken: "a" })).not.toBe(impliedSignIn({ accessToken: "b" }));
    expect(drawnAt(impliedSignIn(tokens))).toBeNaN();
  });
});
