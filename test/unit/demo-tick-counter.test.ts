import { describe, expect, it } from "vitest";
import {
  countTick,
  noTicks,
  startTicks,
  type TickCount,
} from "../../demo/pages/dashboard/ticks/tick-counter.ts";

const counted = (ticks: readonly number[], from: TickCount = noTicks) => ticks.reduce(countTick, from);
const figures = ({ received, missing, duplicated }: TickCount) => [received, missing.size, duplicated];

describe("the tick counter of the demo", () => {
  it("counts ticks that come one by one", () => {
    expect(figures(counted([7, 8, 9]))).toEqual([3, 0, 0]);
  });

  it("counts every number that was passed over as lost", () => {
    expect(figures(counted([1, 2, 6]))).toEqual([3, 3, 0]);
  });

  it("counts a number seen before as duplicated, not as received", () => {
    expect(figures(counted([1, 2, 2, 1]))).toEqual([2, 0, 2]);
  });

  it("takes a late tick as making good its own gap, and as a duplicate the second time", () => {
    expect(figures(counted([1, 4, 2]))).toEqual([3, 1, 0]);
    expect(figures(counted([1, 4, 2, 2]))).toEqual([3, 1, 1]);
  });

  it("misses a first tick that never came, once the server has said where it starts", () => {
    expect(figures(counted([6], startTicks(noTicks, 5)))).toEqual([1, 1, 0]);
  });

  it("keeps its place when a later connection starts", () => {
    const count = counted([1, 2, 3]);
    expect(startTicks(count, 4)).toBe(count);
    expect(figures(counted([6], startTicks(count, 6)))).toEqual([4, 2, 0]);
  });
});
