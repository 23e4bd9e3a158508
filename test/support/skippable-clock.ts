import { setImmediate } from "node:timers/promises";
import { browserPlatform, type Platform } from "../../src/client/platform/platform.ts";
import type { WakeUp } from "../../src/client/platform/wake-up.ts";

/** Turns of the event loop that a promise is given to settle in. */
const TURNS = 3;

interface Timer {
  callback: () => void;
  at: number;
  handle: ReturnType<typeof setTimeout> | undefined;
}

/** The real world, except that a test can skip time, fix what is random, and wake the machine up. */
export class SkippableClock implements Platform {
  /** 0 ≤ random < 1 */
  chance = 0.5;
  fetch = browserPlatform.fetch;
  location = browserPlatform.location;
  leases: Platform["leases"] = browserPlatform.leases;
  warn: Platform["warn"] = browserPlatform.warn;
  report: Platform["report"] = browserPlatform.report;
  readonly #timers = new Set<Timer>();
  readonly #sleepers = new Set<(wakeUp: WakeUp) => void>();
  #skipped = 0;

  readonly now = (): number => Date.now() + this.#skipped;

  readonly random = (): number => this.chance;

  readonly setTimeout = (callback: () => void, ms: number): Timer => {
    const timer: Timer = { callback, at: this.now() + ms, handle: undefined };
    this.#timers.add(timer);
    this.#arm(timer);
    return timer;
  };

  readonly clearTimeout = (timer: unknown): void => {
    const { handle } = Object(timer) as Partial<Timer>;
    clearTimeout(handle);
    this.#timers.delete(timer as Timer);
  };

  readonly onWakeUp = (listener: (wakeUp: WakeUp) => void): (() => void) => {
    const own = (wakeUp: WakeUp) => listener(wakeUp);
    this.#sleepers.add(own);
    return () => this.#sleepers.delete(own);
  };

  /** How many timers and wake-up listeners are set. */
  get pending(): number {
    return this.#timers.size + this.#sleepers.size;
  }

  /** When the next timer rings, in ms from now. */
  get next(): number {
    return Math.min(...[...this.#timers].map(({ at }) => at)) - this.now();
  }

  /** Skips so many ms; what becomes due meanwhile rings in its order, and has the time to settle what it promises. */
  async skip(ms: number): Promise<void> {
    const end = this.now() + ms;
    for (;;) {
      const due = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#skipped += Math.max(due.at - this.now(), 0);
      this.clearTimeout(due);
      due.callback();
      for (let turn = 0; turn < TURNS; turn++) await setImmediate();
    }
    this.#skipped += Math.max(end - this.now(), 0);
    for (const timer of this.#timers) this.#arm(timer);
  }

  wakeUp(online = false): void {
    for (const listener of [...this.#sleepers]) listener(online ? "online" : "visible");
  }

  #arm(timer: Timer): void {
    clearTimeout(timer.handle);
    const ring = () => {
      this.#timers.delete(timer);
      timer.callback();
    };
    timer.handle = setTimeout(ring, Math.max(timer.at - this.now(), 0));
  }
}
