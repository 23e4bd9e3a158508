import { describe, expect, it } from "vitest";
import {
  type Announcement,
  announced,
  committed,
  isBehind,
  isHeld,
  mayCommit,
  NO_LEASE,
  released,
  taken,
} from "../../src/client/lease/lease.ts";

const [OLD, NEW, BOBS] = [1, 2, 3];

const news = (more: Partial<Announcement> = {}): Announcement => ({
  signedOut: false,
  look: false,
  user: undefined,
  token: BOBS,
  signIn: undefined,
  at: 10,
  ...more,
});

describe("the lease that tabs share", () => {
  const held = taken(NO_LEASE, "one");

  it("B2 is taken by one turn at a time", () => {
    expect(isHeld(held, "one", held)).toBe(true);
    expect(taken(held, "two")).toBe(held);
    const next = taken(released(held, "one"), "two");
    expect(isHeld(next, "two", next)).toBe(true);
  });

  it("B3 a preempted holder does not hold it any more, and releases nothing", () => {
    const preempted = taken(held, "two", "one");
    expect(isHeld(preempted, "one", held)).toBe(false);
    expect(isHeld(preempted, "two", preempted)).toBe(true);
    expect(released(preempted, "one")).toBe(preempted);
  });

  it("B22 what a preempted holder brings is kept until a later turn is answered", () => {
    const preempted = taken(held, "two", "one");
    expect(mayCommit(preempted, held, OLD)).toBe(true);
    const answered = committed(preempted, "two", { token: NEW, at: 10 });
    expect(mayCommit(answered, held, OLD)).toBe(false);
  });

  it.each([
    ["a sign-out", news({ signedOut: true, token: undefined })],
    ["a sign-in", news()],
  ])("B10 B16 after %s, what the holder brings is not kept, though it has its turn", (_, what) => {
    const over = announced(held, what);
    expect(over.holder).toBe("one");
    expect(isHeld(over, "one", held)).toBe(false);
    expect(mayCommit(over, held, OLD)).toBe(false);
    expect(over).toMatchObject({ epoch: 1, generation: 1, signedOut: what.signedOut });
  });

  it("B10 a turn that replaces the token of a sign-in which is told later is kept", () => {
    const early = taken(NO_LEASE, "one");
    const over = announced(early, news());
    expect(mayCommit(over, early, BOBS)).toBe(true);
    expect(committed(over, "one", { token: NEW, at: 20 })).toMatchObject({
      holder: undefined,
      generation: 2,
      epoch: 1,
      token: NEW,
      at: 20,
    });
  });

  it("B6 remembers the refresh tokens that were used last, and no endless list of them", () => {
    let lease = NO_LEASE;
    for (let spent = 1; spent <= 100; spent++)
      lease = committed(lease, "one", { token: NEW, spent, at: spent });
    expect(lease.spent).toHaveLength(32);
    expect(lease.spent).toContain(100);
    expect(committed(lease, "one", { token: NEW, at: 101 }).spent).toEqual(lease.spent);
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
    const lease = committed(taken(NO_LEASE, "one"), "one", { token: NEW, at: 10_000 });
    const now = Math.max(opened, opened === 0 ? 100_000 : 0);
    expect(isBehind(lease, known, opened, token, now)).toBe(behind);
  });
});
