import { describe, expect, it } from "vitest";
import {
  committed,
  isBehind,
  isHeld,
  NO_LEASE,
  released,
  taken,
  voided,
} from "../../src/client/lease/lease.ts";

const [OLD, NEW, BOBS] = [1, 2, 3];

describe("the lease that tabs share", () => {
  const held = taken(NO_LEASE, "one", OLD);

  it("B2 is taken by one turn at a time", () => {
    expect(isHeld(held, "one")).toBe(true);
    expect(taken(held, "two", OLD)).toBe(held);
    expect(isHeld(taken(released(held, "one"), "two", OLD), "two")).toBe(true);
  });

  it("B3 a robbed turn commits nothing", () => {
    const robbed = taken(held, "two", OLD, "one");
    expect(isHeld(robbed, "two")).toBe(true);
    expect(committed(robbed, "one", NEW, 10)).toBe(robbed);
  });

  it("B10 B16 a sign-in or sign-out leaves the holder its turn, in which there is nothing to commit", () => {
    for (const [signedOut, token] of [
      [true, undefined],
      [false, BOBS],
    ] as const) {
      const over = voided(held, signedOut, token, 10);
      expect(taken(over, "two", BOBS)).toBe(over);
      expect(isHeld(over, "one")).toBe(false);
      const after = committed(over, "one", NEW, 20);
      expect(after).toMatchObject({ holder: undefined, generation: 1, epoch: 1, token, at: 10 });
    }
  });

  it("B2 who replaces the very token of a sign-in may commit, though the sign-in is told of later", () => {
    const early = taken(NO_LEASE, "one", BOBS);
    const after = committed(voided(early, false, BOBS, 10), "one", NEW, 20);
    expect(after).toMatchObject({ holder: undefined, generation: 2, epoch: 1, token: NEW, at: 20 });
  });

  it.each([
    ["what this tab has is the newest", 1, NEW, 0, false],
    ["nothing has been committed since the last look", 1, OLD, 0, false],
    ["another tab has committed since", 0, OLD, 0, true],
    [
      "this tab looks for the first time, long after a commit that it may have missed",
      undefined,
      OLD,
      0,
      true,
    ],
    ["this tab was opened long after the commit", undefined, OLD, 50_000, false],
    ["this tab was opened just after the commit", undefined, OLD, 12_000, true],
  ])("T24 tells whether a token may not be seen yet: %s", (_, known, token, opened, behind) => {
    const lease = committed(taken(NO_LEASE, "one", OLD), "one", NEW, 10_000);
    const now = Math.max(opened, opened === 0 ? 100_000 : 0);
    expect(isBehind(lease, known, opened, token, now)).toBe(behind);
  });
});
