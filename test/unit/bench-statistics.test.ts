import { describe, expect, it } from "vitest";
import { interleaved } from "../bench/interleaving.ts";
import { losses, peak, quantile, ratios, summarise } from "../bench/statistics.ts";

describe("the benchmarks' statistics", () => {
  it("a quantile lies between its neighbours, whatever the order of the values", () => {
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
    expect(quantile([10], 0.25)).toBe(10);
    expect(() => quantile([], 0.5)).toThrow(RangeError);
  });

  it("a summary is the median and the quartiles", () => {
    expect(summarise([5, 1, 4, 2, 3])).toEqual({ median: 3, low: 2, high: 4 });
  });

  it("ratios are made repetition by repetition, so that a slow one tells against nobody", () => {
    expect(ratios([2, 200], [1, 100])).toEqual([2, 2]);
    expect(() => ratios([1], [1, 2])).toThrow(RangeError);
  });

  it("the peak is the fullest of the spans that time is cut into", () => {
    expect(peak([0, 90, 95, 150, 190, 300], 100)).toBe(3);
    expect(peak([90, 95, 110, 150, 189], 100)).toBe(3);
    expect(peak([], 100)).toBe(0);
  });

  it("losses are numbers that are missing, duplicates those that came again", () => {
    expect(losses([0, 1, 1, 3], 5)).toEqual({ lost: 2, duplicated: 1 });
  });

  it("contenders take turns, each begins in its turn, and what warms up is not counted", async () => {
    const order: string[] = [];
    const measured = await interleaved(2, ["a", "b"], async (contender) => order.push(contender));
    expect(order.join("")).toBe("ababba");
    expect([...measured]).toEqual([
      ["a", [3, 6]],
      ["b", [4, 5]],
    ]);
  });
});
