import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../src/testing/time/clock.ts";
import { delay } from "../../src/testing/time/delay.ts";
import { TimerQueue } from "../../src/testing/time/timer-queue.ts";

/** More timers than any test has use for: a loop. */
const MOST_TIMERS = 1_000_000;

class Timer {
  at: number;
  readonly ring: () => void;

  constructor(at: number, ring: () => void) {
    this.at = at;
    this.ring = ring;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

/** A clock that stands still until a test lets time pass. */
export class ManualClock implements Clock {
  #now = Date.UTC(2026, 0, 1);
  readonly #timers = new TimerQueue<Timer>();

  /** How many timers are set. */
  get pending(): number {
    return this.#timers.size;
  }

  readonly now = (): number => this.#now;

  readonly setTimeout = (callback: () => void, ms = 0): Timer => {
    const timer = new Timer(this.#now + delay(ms), callback);
    this.#timers.add(timer);
    return timer;
  };

  readonly setInterval = (callback: () => void, ms = 0): Timer => {
    const timer = this.setTimeout(
      () => {
        timer.at = this.#now + Math.max(delay(ms), 1);
        this.#timers.add(timer);
        callback();
      },
      Math.max(ms, 1),
    );
    return timer;
  };

  /** And intervals. */
  readonly clearTimeout = (timer: unknown): void => {
    if (timer instanceof Timer) this.#timers.delete(timer);
  };

  /** Lets so many ms pass. What each timer brings about is done before the next one rings. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    await setImmediate();
    let rung = 0;
    for (let next = this.#timers.take(end); next; next = this.#timers.take(end)) {
      if (++rung > MOST_TIMERS) throw new Error("timers without end");
      this.#now = next.at;
      next.ring();
      await setImmediate();
    }
    this.#now = end;
  }
}
