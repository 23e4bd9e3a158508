import { describe, expect, it } from "vitest";
import { freezeSafeTimeout } from "../../src/client/platform/freeze-safe-timeout.ts";
import { ManualPlatform } from "../support/manual-platform.ts";

describe("patience", () => {
  it.each([10_000, 3_000, 1_000, 2 ** 31 + 5_000])(
    "T19 T23 of %i ms is over then, and not before",
    async (ms) => {
      const platform = new ManualPlatform();
      let over = 0;
      freezeSafeTimeout(platform, ms, () => over++);
      const most = Math.min(ms, 2 ** 31 - 1 + 1_000);
      await platform.advance(most - 1);
      expect(over).toBe(0);
      await platform.advance(1);
      expect(over).toBe(1);
      expect(Math.max(...platform.delays)).toBeLessThan(2 ** 31);
    },
  );

  it("T23 leaves what lay ready a moment to come in, when all timers of a thawed page run at once", () => {
    const due: (() => void)[] = [];
    const platform = Object.assign(new ManualPlatform(), {
      setTimeout: (callback: () => void) => due.push(callback),
    });
    let over = 0;
    freezeSafeTimeout(platform, 10_000, () => over++);
    for (const callback of due.splice(0)) callback();
    expect(over).toBe(0);
    for (const callback of due.splice(0)) callback();
    expect(over).toBe(1);
  });

  it("is over for nobody once it is undone, in its first part or its last", async () => {
    for (const passed of [0, 9_500]) {
      const platform = new ManualPlatform();
      let over = 0;
      const undo = freezeSafeTimeout(platform, 10_000, () => over++);
      await platform.advance(passed);
      undo();
      await platform.advance(20_000);
      expect(over).toBe(0);
      expect(platform.pending.timers).toBe(0);
    }
  });
});
