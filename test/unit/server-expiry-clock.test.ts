import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type Alarm, ExpiryClock } from "../../src/server/connection/expiry-clock.ts";

/** A clock in fake time, and what has rung in it, each with the ms since the beginning. */
function newClock() {
  vi.useFakeTimers();
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const begin = performance.now();
  const rung: [string, number][] = [];
  const clock = new ExpiryClock();
  const alarm = (name: string): Alarm => ({
    at: 0,
    place: -1,
    ring: () => rung.push([name, performance.now() - begin]),
  });
  return { clock, rung, alarm };
}

describe("the expiry clock", () => {
  it.each([1, 499, 500, 501, 20_000, 3_599_123])(
    "V2 rings to the millisecond, though it looks at the wall clock in steps: after %d ms",
    (ms) => {
      const { clock, rung, alarm } = newClock();
      clock.set(alarm("end"), Date.now() + ms);
      vi.advanceTimersByTime(ms - 1);
      expect(rung).toEqual([]);
      vi.advanceTimersByTime(3_600_000);
      expect(rung).toEqual([["end", ms]]);
    },
  );

  it("V2 rings in the order of the instants, whatever the order of setting, moving and clearing", () => {
    const { clock, rung, alarm } = newClock();
    const order = [...Array(200).keys()].map((number) => (number * 77) % 200);
    const alarms = order.map((number) => ({ number, alarm: alarm(String(number)) }));
    for (const { number, alarm } of alarms) clock.set(alarm, Date.now() + 10_000 - number);
    for (const { number, alarm } of alarms) clock.set(alarm, Date.now() + 1_000 + number);
    for (const { number, alarm } of alarms) if (number % 3 === 0) clock.clear(alarm);
    vi.advanceTimersByTime(20_000);
    const left = [...Array(200).keys()].filter((number) => number % 3 !== 0);
    expect(rung).toEqual(left.map((number) => [String(number), 1_000 + number]));
  });

  it("V2 an alarm of a clock that is set forward rings within half a second", () => {
    const { clock, rung, alarm } = newClock();
    clock.set(alarm("end"), Date.now() + 3_600_000);
    vi.advanceTimersByTime(1_250);
    vi.setSystemTime(Date.now() + 3_600_000);
    vi.advanceTimersByTime(500);
    expect(rung.map(([, at]) => at)).toEqual([1_500]);
  });

  it("T23 a clock that is set back puts alarms off", () => {
    const { clock, rung, alarm } = newClock();
    clock.set(alarm("end"), Date.now() + 20_000);
    vi.setSystemTime(Date.now() - 60_000);
    vi.advanceTimersByTime(79_999);
    expect(rung).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(rung).toEqual([["end", 80_000]]);
  });

  it("B13 an alarm that is moved rings once, later or earlier", () => {
    const { clock, rung, alarm } = newClock();
    const [later, earlier] = [alarm("later"), alarm("earlier")];
    clock.set(later, Date.now() + 1_000);
    clock.set(earlier, Date.now() + 9_000);
    vi.advanceTimersByTime(900);
    clock.set(later, Date.now() + 4_000);
    clock.set(earlier, Date.now() + 2_000);
    vi.advanceTimersByTime(60_000);
    expect(rung).toEqual([
      ["earlier", 2_900],
      ["later", 4_900],
    ]);
  });

  it("V6 one that throws keeps no other from ringing", () => {
    const { clock, rung, alarm } = newClock();
    const throwing = alarm("throws");
    throwing.ring = () => {
      throw new Error("x");
    };
    clock.set(throwing, Date.now() + 100);
    clock.set(alarm("same"), Date.now() + 100);
    clock.set(alarm("later"), Date.now() + 200);
    expect(() => vi.advanceTimersByTime(1_000)).toThrow("x");
    vi.advanceTimersByTime(1_000);
    expect(rung.map(([name]) => name)).toEqual(["same", "later"]);
  });

  it("T19 no timer is longer than half a second, and none is left when nothing is set", () => {
    const { clock, alarm } = newClock();
    const far = alarm("far");
    clock.set(far, Date.now() + 2 ** 33);
    for (let step = 0; step < 20; step++) {
      const before = performance.now();
      vi.advanceTimersToNextTimer();
      expect(performance.now() - before).toBeLessThanOrEqual(500);
    }
    expect(vi.getTimerCount()).toBe(1);
    clock.clear(far);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("a thousand alarms share one timer", () => {
    const { clock, alarm } = newClock();
    for (let number = 0; number < 1_000; number++) clock.set(alarm("x"), Date.now() + 60_000 + number);
    expect(vi.getTimerCount()).toBe(1);
  });
});
