import { describe, expect, it } from "vitest";
import { wallClockTimer } from "../../src/client/platform/wall-clock-timer.ts";
import { ManualPlatform } from "../support/manual-platform.ts";

function newAlarm() {
  const platform = new ManualPlatform();
  let rings = 0;
  const setAlarm = wallClockTimer(platform, () => {
    rings++;
  });
  return { platform, setAlarm, rings: () => rings };
}

describe("an alarm", () => {
  it("B4 rings at its instant, and once", async () => {
    const { setAlarm, platform, rings } = newAlarm();
    setAlarm(platform.now() + 1_000);
    await platform.advance(999);
    expect(rings()).toBe(0);
    await platform.advance(100_000);
    expect(rings()).toBe(1);
  });

  it("B4 rings within a minute, for an instant that is far away", async () => {
    const { setAlarm, platform, rings } = newAlarm();
    setAlarm(platform.now() + 5_184_000_000);
    await platform.advance(60_000);
    expect(rings()).toBe(1);
    expect(Math.max(...platform.delays)).toBe(60_000);
  });

  it("B4 rings for an instant that is over", async () => {
    const { setAlarm, platform, rings } = newAlarm();
    setAlarm(platform.now() - 5_000);
    await platform.advance(0);
    expect(rings()).toBe(1);
  });

  it("B4 keeps one timer at most, and none once it is set to never", async () => {
    const { setAlarm, platform, rings } = newAlarm();
    for (const wait of [3_000, 2_000, 4_000]) setAlarm(platform.now() + wait);
    expect(platform.pending.timers).toBe(1);
    setAlarm(undefined);
    expect(platform.pending.timers).toBe(0);
    await platform.advance(10_000);
    expect(rings()).toBe(0);
  });
});
