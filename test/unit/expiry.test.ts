import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Expiry } from "../../src/server/expiry.ts";

const NOTICE = 10_000;

/** What has become of a lifetime, each with the ms since the beginning. */
function newExpiry() {
  vi.useFakeTimers();
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const begin = performance.now();
  const heard: [string, number][] = [];
  const hear = (what: string) => () => heard.push([what, performance.now() - begin]);
  const expiry = new Expiry(NOTICE, { expiring: hear("expiring"), expired: hear("expired") });
  return { expiry, heard };
}

describe("an expiry", () => {
  it.each([20_000, 10_001, 3_599_123])(
    "section 5: gives notice and ends to the millisecond, though it waits in whole seconds: %d ms",
    (lifetime) => {
      const { expiry, heard } = newExpiry();
      expiry.watch(Date.now() + lifetime);
      vi.advanceTimersByTime(lifetime + 3_600_000);
      expect(heard).toEqual([
        ["expiring", lifetime - NOTICE],
        ["expired", lifetime],
      ]);
    },
  );

  it("section 5: a lifetime that begins within the same second as others shares their timers' list", () => {
    const { expiry } = newExpiry();
    const waits = vi.spyOn(globalThis, "setTimeout");
    for (const lifetime of [3_600_000, 3_600_001, 3_600_999]) expiry.watch(Date.now() + lifetime);
    expect(new Set(waits.mock.calls.map(([, wait]) => wait))).toEqual(new Set([3_590_000]));
  });

  it("B13: renewed to a later end, keeps silent about the one before", () => {
    const { expiry, heard } = newExpiry();
    expiry.watch(Date.now() + 60_500);
    vi.advanceTimersByTime(50_200);
    expiry.watch(Date.now() + 60_500);
    vi.advanceTimersByTime(50_499);
    expect(heard).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(heard).toEqual([["expiring", 100_700]]);
  });

  it("B13: renewed to an earlier end, gives notice and ends then", () => {
    const { expiry, heard } = newExpiry();
    expiry.watch(Date.now() + 3_600_000);
    vi.advanceTimersByTime(300);
    expiry.watch(Date.now() + 12_345);
    vi.advanceTimersByTime(7_200_000);
    expect(heard).toEqual([
      ["expiring", 2_645],
      ["expired", 12_645],
    ]);
  });

  it("B13: renewed after the notice, gives the next one and has no end before it", () => {
    const { expiry, heard } = newExpiry();
    expiry.watch(Date.now() + 20_000);
    vi.advanceTimersByTime(19_999);
    expiry.watch(Date.now() + 20_000);
    vi.advanceTimersByTime(19_999);
    expect(heard).toEqual([
      ["expiring", 10_000],
      ["expiring", 29_999],
    ]);
  });

  it("T23: a clock that is set back puts the end off, and one that is set forward is looked at at the next renewal", () => {
    const { expiry, heard } = newExpiry();
    expiry.watch(Date.now() + 20_000);
    vi.setSystemTime(Date.now() - 60_000);
    vi.advanceTimersByTime(69_999);
    expect(heard).toEqual([]);
    vi.setSystemTime(Date.now() + 3_600_000);
    expiry.watch(Date.now() + 20_000);
    vi.advanceTimersByTime(10_000);
    expect(heard).toEqual([["expiring", 79_999]]);
  });

  it("T19: waits longer than a timer can", () => {
    const { expiry, heard } = newExpiry();
    const waits = vi.spyOn(globalThis, "setTimeout");
    const lifetime = 2 ** 31 + 20_000;
    expiry.watch(Date.now() + lifetime);
    vi.advanceTimersByTime(lifetime);
    expect(heard.map(([, at]) => at)).toEqual([lifetime - NOTICE, lifetime]);
    for (const [, wait] of waits.mock.calls) expect(wait).toBeLessThan(2 ** 31);
  });

  it("T19: holds no timer once it is stopped", () => {
    const { expiry } = newExpiry();
    expiry.watch(Date.now() + 20_000);
    vi.advanceTimersByTime(15_000);
    expiry.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});
