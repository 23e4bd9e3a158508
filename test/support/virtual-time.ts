import { onTestFinished } from "vitest";
import { dateBy, replaceTimers } from "../../src/testing/time/global-timers.ts";
import { ManualClock } from "./manual-clock.ts";

/**
 * For one test, the time of everything in this process, servers included. It passes only when the test says so, and chance
 * is the same in each run.
 */
export class VirtualTime {
  readonly #clock = new ManualClock();

  constructor() {
    const { now, setTimeout: set, setInterval: repeat, clearTimeout } = this.#clock;
    const restore = replaceTimers({
      setTimeout: (ring, ms, ...args) => set(() => ring(...args), ms),
      setInterval: (ring, ms, ...args) => repeat(() => ring(...args), ms),
      clearTimeout,
      clearInterval: clearTimeout,
      Date: dateBy(now),
    });
    const begun = now();
    const { random } = Math;
    // Not by a spy, which would remember millions of calls.
    Object.assign(Math, { random: seeded(1) });
    Object.assign(performance, { now: () => now() - begun });
    onTestFinished(() => {
      restore();
      Object.assign(Math, { random });
      Reflect.deleteProperty(performance, "now");
    });
  }

  /** Lets so many ms pass. What each timer brings about is done before the next one rings. */
  pass(ms: number): Promise<void> {
    return this.#clock.pass(ms);
  }
}

/** mulberry32 */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
