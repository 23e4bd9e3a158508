import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  isInSeconds,
  readSignInTokens,
  readTokenResponse,
  readTokenSet,
  subjectOf,
  withoutJwt,
} from "../../src/client/token/token-set.ts";

const NOW = Date.UTC(2026, 0, 1);

describe("a token set from outside", () => {
  it("S5 is reduced to what is known", () => {
    const known = { accessToken: "a", refreshToken: "r", subject: "alice", expiresAt: 2e12, signInId: "s" };
    expect(readTokenSet({ ...known, role: "admin" })).toEqual(known);
    expect(readTokenSet("a")).toEqual({ accessToken: "a" });
  });

  it("B16 a subject may be a number, as many a database has it", () => {
    expect(readTokenSet({ accessToken: "a", subject: 42 })).toEqual({ accessToken: "a", subject: "42" });
    for (const subject of [Number.NaN, 2 ** 53, 0.5])
      expect(readTokenSet({ accessToken: "a", subject })).toEqual({ accessToken: "a" });
  });

  it("S5 loses what is malformed, and keeps the rest", () => {
    expect(readTokenSet({ accessToken: "a", refreshToken: 1, subject: {}, expiresAt: "2030-01-01" })).toEqual(
      {
        accessToken: "a",
      },
    );
    expect(readTokenSet({ accessToken: "a", expiresAt: Number.NaN })).toEqual({ accessToken: "a" });
    expect(readTokenSet({ accessToken: "a", expiresAt: Number.POSITIVE_INFINITY })).toEqual({
      accessToken: "a",
    });
  });

  it.each([0, 1_893_456_000])("B6 an expiresAt of %i is in seconds, and left out", (expiresAt) => {
    expect(readTokenSet({ accessToken: "a", expiresAt })).toEqual({ accessToken: "a" });
  });

  it.each([
    undefined,
    null,
    "",
    "undefined",
    "null",
    0,
    1,
    true,
    [],
    ["a"],
    {},
    { accessToken: null },
    () => "a",
    Symbol("a"),
    1n,
  ])("T21 %o holds no token", (value) => {
    expect(readTokenSet(value)).toBeUndefined();
  });

  it("T21 a token longer than any header is none", () => {
    expect(readTokenSet("x".repeat(16_384))).toBeDefined();
    expect(readTokenSet("x".repeat(16_385))).toBeUndefined();
  });

  it("S5 whatever the value, what is read is well-formed and reads the same again", async () => {
    const field = fc.oneof(fc.string(), fc.double(), fc.anything());
    const shaped = fc.record(
      { accessToken: field, refreshToken: field, subject: field, expiresAt: field },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.string(), shaped), (value) => {
        const tokens = readTokenSet(value);
        if (!tokens) return;
        expect(tokens.accessToken).not.toBe("");
        expect(typeof (tokens.refreshToken ?? "")).toBe("string");
        expect(typeof (tokens.subject ?? "")).toBe("string");
        expect(Number.isFinite(tokens.expiresAt ?? 0)).toBe(true);
        expect(readTokenSet(tokens)).toEqual(tokens);
      }),
      { numRuns: 500 },
    );
  });
});

describe("a subject", () => {
  it.each<[unknown, string | undefined]>([
    ["alice", "alice"],
    [0, "0"],
    [-7, "-7"],
    ["undefined", undefined],
    ["null", undefined],
    ["", undefined],
    ["nullable", "nullable"],
    ["is null", "is null"],
    [null, undefined],
    [["alice"], undefined],
  ])("B16 %o is read as %o", (value, subject) => {
    expect(subjectOf(value)).toBe(subject);
  });
});

describe("an instant in seconds", () => {
  it.each<[unknown, boolean]>([
    [1e11 - 1, true],
    [1e11, false],
    [NOW, false],
    [NOW / 1000, true],
    ["5", false],
    [undefined, false],
  ])("B6 is told by its size: %o is one: %s", (value, isOne) => {
    expect(isInSeconds(value)).toBe(isOne);
  });
});

describe("the answer of an endpoint", () => {
  const ANSWERS = [
    [{ token: "a" }, { accessToken: "a" }],
    [{ accessToken: "a" }, { accessToken: "a" }],
    [{ access_token: "a" }, { accessToken: "a" }],
    [
      { token: "a", refreshToken: "r" },
      { accessToken: "a", refreshToken: "r" },
    ],
    [
      { token: "a", refresh_token: "r" },
      { accessToken: "a", refreshToken: "r" },
    ],
    [
      { token: "a", subject: 42 },
      { accessToken: "a", subject: "42" },
    ],
    [
      { token: "a", expiresIn: 60 },
      { accessToken: "a", expiresAt: NOW + 60_000 },
    ],
    [
      { token: "a", expires_in: "60" },
      { accessToken: "a", expiresAt: NOW + 60_000 },
    ],
    [
      { token: "a", expires_in: 0.001 },
      { accessToken: "a", expiresAt: NOW + 1 },
    ],
    [{ token: "a", expiresIn: 0, expires_in: 60 }, { accessToken: "a" }],
    [{ token: "a", expiresIn: -1 }, { accessToken: "a" }],
    [{ token: "a", expiresIn: "soon" }, { accessToken: "a" }],
    [{ token: "a", expiresAt: NOW + 1 }, { accessToken: "a" }],
    [{ token: "a", signInId: "theirs" }, { accessToken: "a" }],
    [{ token: null, access_token: "a" }, { accessToken: "a" }],
  ] as const;

  it.each(ANSWERS)("2.1 %j is read at its top", (answer, tokens) => {
    expect(readTokenResponse(answer, NOW)).toEqual(tokens);
  });

  it.each(["data", "tokens", "session"])("2.1 is read under %s where its top has no token", (nest) => {
    for (const [answer, tokens] of ANSWERS)
      expect(readTokenResponse({ ok: true, [nest]: answer }, NOW)).toEqual(tokens);
    expect(readTokenResponse({ token: "top", [nest]: { token: "a" } }, NOW)).toEqual({ accessToken: "top" });
    expect(readTokenResponse({ token: "null", [nest]: { token: "a" } }, NOW)).toEqual({ accessToken: "a" });
  });

  it.each([
    undefined,
    null,
    "a",
    [],
    {},
    { result: { token: "a" } },
    { data: { data: { token: "a" } } },
    { token: 1 },
  ])("T21 %j holds no token", (answer) => {
    expect(readTokenResponse(answer, NOW)).toBeUndefined();
  });
});

describe("what signIn() is given", () => {
  const set = { accessToken: "a", refreshToken: "r", subject: "alice", expiresAt: NOW + 5, signInId: "s" };

  it.each<[string, unknown, object]>([
    ["a token", "a", { accessToken: "a" }],
    ["a token set", set, set],
    [
      "an answer with a lifetime",
      { accessToken: "a", expiresIn: 60 },
      { accessToken: "a", expiresAt: NOW + 60_000 },
    ],
    [
      "an answer with a lifetime, as OAuth names it",
      { accessToken: "a", expires_in: 60 },
      { accessToken: "a", expiresAt: NOW + 60_000 },
    ],
    ["an answer of an endpoint", { token: "a", refresh_token: "r" }, { accessToken: "a", refreshToken: "r" }],
    ["an answer that nests its tokens", { data: { token: "a" } }, { accessToken: "a" }],
  ])("2.1 may be %s: %j", (_, value, tokens) => {
    expect(readSignInTokens(value, NOW)).toEqual(tokens);
  });

  it.each([undefined, null, "", {}, { accessToken: 1 }, { expiresAt: NOW }])(
    "B25 %j is a TypeError that says what it must be",
    (value) => {
      expect(() => readSignInTokens(value, NOW)).toThrow(
        new TypeError(`"tokens" must be a token, a TokenSet or the JSON of the refresh endpoint`),
      );
    },
  );

  it("B6 an expiresAt in seconds is a TypeError that says so", () => {
    for (const value of [{ accessToken: "a", expiresAt: NOW / 1000 }, { expiresAt: NOW / 1000 }])
      expect(() => readSignInTokens(value, NOW)).toThrow(
        new TypeError(
          `"expiresAt" must be in ms since the epoch, and this is in seconds: multiply it by 1000`,
        ),
      );
  });
});

describe("a text from outside", () => {
  it.each([
    ["no token here", "no token here"],
    ["eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl", "[token]"],
    ["of eyJhb_-.eyJzd_-.c2ln_- expired", "of [token] expired"],
    ["/?t=eyJhb%2EeyJzd%2ec2ln&v=1", "/?t=[token]&v=1"],
    ["eyJhb.eyJzd. has no signature", "[token] has no signature"],
    ["eyJhb.eyJzd.c2ln and eyJhb.eyJzd.c2ln", "[token] and [token]"],
    ["eyJhb.eyJzd", "eyJhb.eyJzd"],
    ["eyJ.eyJzd.c2ln", "eyJ.eyJzd.c2ln"],
    ["eyJhb..c2ln", "eyJhb..c2ln"],
  ])("S1 S2 %j without its JWTs is %j", (text, without) => {
    expect(withoutJwt(text)).toBe(without);
  });
});
