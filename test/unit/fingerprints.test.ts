import { describe, expect, it } from "vitest";
import { fingerprint } from "../../src/client/token/fingerprint.ts";
import { Fingerprints } from "../../src/client/token/fingerprints.ts";

describe("the fingerprint of a token", () => {
  it.each([
    ["", 0x811c9dc5],
    ["a", 0xe40c292c],
    ["foobar", 0xbf9cf968],
  ])("S1 of %o is its FNV-1a hash", (token, hash) => {
    expect(fingerprint(token)).toBe(hash);
  });
});

describe("remembered fingerprints", () => {
  it("S1 recognise the tokens that were added, until they are cleared", () => {
    const known = new Fingerprints();
    for (const token of ["a", "b", "c"]) known.add(token);
    expect(["a", "b", "c", "d"].filter((token) => known.has(token))).toEqual(["a", "b", "c"]);
    known.clear();
    expect(known.has("a")).toBe(false);
  });

  it("S1 are the last ones, where there is a limit, each counted once", () => {
    const known = new Fingerprints(2);
    for (const token of ["a", "b", "a"]) known.add(token);
    expect([known.has("a"), known.has("b")]).toEqual([true, true]);
    known.add("c");
    expect([known.has("a"), known.has("b"), known.has("c")]).toEqual([true, false, true]);
  });
});
