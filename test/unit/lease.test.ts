import { describe, expect, it } from "vitest";
import {
  type Announcement,
  announced,
  committed,
  committedAt,
  isBehind,
  isHeld,
  type Lease,
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

  it("B22 a turn that replaces no token is not kept after a sign-in that brought none", () => {
    const over = announced(held, news({ token: undefined }));
    expect(mayCommit(over, held, undefined)).toBe(false);
  });

  it("B6 remembers the refresh token that was used, where one was", () => {
    expect(committed(NO_LEASE, "one", { token: NEW, at: 1 }).spent).toEqual([]);
    expect(committed(NO_LEASE, "one", { token: NEW, spent: OLD, at: 1 }).spent).toEqual([OLD]);
  });

  it("B6 remembers the refresh tokens that were used last, and no endless list of them", () => {
    let lease = NO_LEASE;
    for (let spent = 1; spent <= 100; spent++)
      lease = committed(lease, "one", { token: NEW, spent, at: spent });
    expect(lease.spent).toHaveLength(32);
    expect(lease.spent).toContain(100);
    expect(committed(lease, "one", { token: NEW, at: 101 }).spent).toEqual(lease.spent);
  });

  const COMMITTED_AT = 10_000;
  const LONG_AFTER = 100_000;

  it.each<[string, { known?: number; token?: number; opened?: number; now?: number }, boolean]>([
    ["what this tab has is the newest", { known: 1, token: NEW }, false],
    ["this tab has the newest since its last look", { known: 0, token: NEW }, false],
    ["nothing has been committed since the last look", { known: 1, token: OLD }, false],
    ["another tab has committed since", { known: 0, token: OLD }, true],
    ["it may have missed the commit", { token: OLD }, true],
    ["it was opened at the commit, long ago", { token: OLD, opened: COMMITTED_AT }, false],
    ["it was opened just before the commit", { token: OLD, opened: COMMITTED_AT - 1 }, true],
    ["it was opened long after the commit", { token: OLD, opened: 50_000, now: 50_000 }, false],
    ["the commit was five seconds ago", { token: OLD, opened: 15_000, now: 15_000 }, false],
    ["the commit was a bit later", { token: OLD, opened: 14_999, now: 14_999 }, true],
    ["by its clock, the commit is in five seconds", { token: OLD, opened: 11_000, now: 5_000 }, false],
    ["by its clock, the commit is a bit sooner", { token: OLD, opened: 11_000, now: 5_001 }, true],
  ])("T24 tells whether a token may not be seen yet: %s", (_, at, behind) => {
    const { known, token, opened = 0, now = LONG_AFTER } = at;
    const lease = committed(taken(NO_LEASE, "one"), "one", { token: NEW, at: COMMITTED_AT });
    expect(isBehind(lease, known, opened, token, now)).toBe(behind);
  });

  it("T24 where nobody has committed, a tab that looks for the first time is not behind", () => {
    expect(isBehind(NO_LEASE, undefined, 0, OLD, 0)).toBe(false);
  });

  it("T24 a tab without a token is behind where another has committed one that has no fingerprint", () => {
    const lease = committed(NO_LEASE, "one", { token: undefined, at: COMMITTED_AT });
    expect(isBehind(lease, 0, 0, undefined, LONG_AFTER)).toBe(true);
  });

  it.each<[string, Lease, number | undefined]>([
    ["nobody has committed", NO_LEASE, undefined],
    ["a turn has brought a token", { ...NO_LEASE, at: 10 }, 10],
    ["somebody has signed in", announced(NO_LEASE, news({ at: 20 })), 20],
    ["somebody has signed out", announced(NO_LEASE, news({ at: 20, signedOut: true })), undefined],
    [
      "a turn has brought a token since somebody signed out",
      { ...announced(NO_LEASE, news({ at: 20, signedOut: true })), at: 30 },
      30,
    ],
    ["a turn has brought a token since somebody signed in", { ...announced(NO_LEASE, news()), at: 30 }, 30],
  ])("T24 tells when there was a token to have last: %s", (_, lease, at) => {
    expect(committedAt(lease)).toBe(at);
  });
});
