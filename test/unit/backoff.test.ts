import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backoff } from "../../src/client/refresh/backoff.ts";

const delays = { base: fc.integer({ min: 0, max: 60_000 }), max: fc.integer({ min: 0, max: 600_000 }) };
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe("the backoff", () => {
  it("B6 doubles its ceiling with each failure, up to the longest", () => {
    const ceilings = [0, 1, 2, 3, 4, 5, 6, 40].map((attempt) =>
      backoff(attempt, 1, { base: 1_000, max: 30_000 }),
    );
    expect(ceilings).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  });

  it.each([
    ["starts at a second", {}, 0, 1_000],
    ["ends at half a minute", undefined, 40, 30_000],
    ["ends there where only the first delay is given", { base: 10 }, 40, 30_000],
    ["starts at a second where only the longest delay is given", { max: 5_000 }, 0, 1_000],
  ])("B6 %s by default", (_, retry, attempt, ceiling) => {
    expect(backoff(attempt, 1, retry)).toBe(ceiling);
  });

  it("B6 spreads clients from 0 to the ceiling", () => {
    const retry = { base: 1_000, max: 30_000 };
    expect([0, 0.25, 0.5].map((chance) => backoff(1, chance, retry))).toEqual([0, 500, 1_000]);
  });

  it("B6 is between 0 and the longest delay, after any number of failures", async () => {
    await fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 100_000 }),
        fc.record(delays),
        random,
        (attempt, retry, chance) => {
          const delay = backoff(attempt, chance, retry);
          expect(delay).toBeGreaterThanOrEqual(0);
          expect(delay).toBeLessThanOrEqual(retry.max);
        },
      ),
      { examples: [[1_024, { base: 0, max: 30_000 }, 0.5]] },
    );
  });

  it("B6 is no shorter after one more failure, for the same chance", async () => {
    await fc.assert(
      fc.property(fc.integer({ min: 0, max: 60 }), fc.record(delays), random, (attempt, retry, chance) => {
        expect(backoff(attempt + 1, chance, retry)).toBeGreaterThanOrEqual(backoff(attempt, chance, retry));
      }),
    );
  });
});
