import { describe, expect, it } from "vitest";
import { fingerprint } from "../../src/client/token/fingerprint.ts";

describe("the fingerprint of a token", () => {
  it.each([
    ["", 0x811c9dc5],
    ["a", 0xe40c292c],
    ["foobar", 0xbf9cf968],
  ])("S1 of %o is its FNV-1a hash", (token, hash) => {
    expect(fingerprint(token)).toBe(hash);
  });
});
