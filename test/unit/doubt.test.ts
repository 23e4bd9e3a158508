import { describe, expect, it } from "vitest";
import type { Certainty } from "../../src/client/refresh/outcome.ts";
import { askAgainAt, type Doubt, doubted, isCertain } from "../../src/client/session/doubt.ts";

const FIRST = 1_000_000;

/** Several answers of one kind, the first of them at `FIRST`. */
function answers(certainty: Certainty, count: number): Doubt {
  return { certainty, count, since: FIRST };
}

interface Situation {
  certainty: Certainty;
  /** how many answers of it have come */
  count: number;
  /** ms since the first of them */
  after?: number;
  hasRefreshToken?: boolean;
}

describe("an answer that would end a session", () => {
  it("B6 counts how many of a kind have come, and since when", () => {
    const first = doubted(undefined, "doubtful", FIRST);
    expect(first).toEqual({ certainty: "doubtful", count: 1, since: FIRST });
    const second = doubted(first, "doubtful", FIRST + 10);
    expect(second).toEqual({ certainty: "doubtful", count: 2, since: FIRST });
    expect(doubted(second, "doubtful", FIRST + 20)).toEqual({
      certainty: "doubtful",
      count: 3,
      since: FIRST,
    });
  });

  it("B6 begins to count anew where another kind comes, in a doubt that goes on", () => {
    expect(doubted(answers("doubtful", 2), "repeatable", FIRST + 10)).toEqual(answers("repeatable", 1));
  });

  it("B5 begins anew by a clock that has been put back since", () => {
    const before = FIRST - 7_200_000;
    expect(doubted(answers("doubtful", 1), "doubtful", before)).toEqual({
      certainty: "doubtful",
      count: 2,
      since: before,
    });
  });

  it.each<[string, Situation, boolean]>([
    ["once, and it needs no other", { certainty: "certain", count: 1 }, true],
    ["a cookie is refused once", { certainty: "repeatable", count: 1 }, false],
    ["a cookie is refused twice", { certainty: "repeatable", count: 2 }, true],
    [
      "a refresh token is refused, which nobody else renews",
      { certainty: "repeatable", count: 1, hasRefreshToken: true },
      true,
    ],
    ["three times over five seconds", { certainty: "doubtful", count: 3, after: 5_000 }, true],
    ["three times in less", { certainty: "doubtful", count: 3, after: 4_999 }, false],
    ["twice over more", { certainty: "doubtful", count: 2, after: 60_000 }, false],
    ["once for a refresh token, in doubt", { certainty: "doubtful", count: 1, hasRefreshToken: true }, false],
    ["a gateway says it again and again", { certainty: "transient", count: 9, after: 60_000 }, false],
  ])("B6 %s: %j ends the session: %s", (_, { certainty, count, after = 0, hasRefreshToken }, ends) => {
    expect(isCertain(answers(certainty, count), hasRefreshToken ?? false, FIRST + after)).toBe(ends);
  });

  it.each<[string, number | undefined, number]>([
    ["after 1.9 s", undefined, 1_900],
    ["sooner where the app's retries are quick", 10, 20],
    ["at most after 1.9 s where they are slow", 30_000, 1_900],
  ])("B6 a refused cookie is tried once more %s", (_, base, after) => {
    const now = FIRST + 500;
    expect(askAgainAt(answers("repeatable", 1), now, now + 60_000, base)).toBe(now + after);
  });

  it.each<[string, number, number, number]>([
    ["the first", 1, 0, FIRST + 2_500],
    ["the second", 2, 0, FIRST + 5_000],
    ["the first, where the backoff is longer", 1, FIRST + 2_501, FIRST + 2_501],
    ["the first, where the backoff is shorter", 1, FIRST + 2_499, FIRST + 2_500],
  ])("B6 three doubtful answers are spread over five seconds: after %s", (_, count, retryAt, at) => {
    expect(askAgainAt(answers("doubtful", count), FIRST, retryAt, 1_000)).toBe(at);
  });
});
