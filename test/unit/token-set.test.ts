import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readTokenSet } from "../../src/client/token/token-set.ts";

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
