import { setImmediate } from "node:timers/promises";
import { onTestFinished, vi } from "vitest";

/** T19: a timer of more ms fires at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

class Timer {
  at = 0;
  isCleared = false;
  readonly #ring: () => void;
  readonly every: number | undefined;

  constructor(ring: () => void, every: number | undefined) {
    this.#ring = ring;
    this.every = every;
  }

  ring(): void {
    this.#ring();
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

/**
 * For one test, the time of everything in this process, servers included. It passes only when the test says so, and chance
 * is the same in each run.
 */
export class VirtualTime {
  #now = Date.UTC(2026, 0, 1);
  /** The earliest last. */
  readonly #timers: Timer[] = [];

  constructor() {
    const now = () => this.#now;
    const clear = (timer: unknown) => {
      if (timer instanceof Timer) timer.isCleared = true;
    };
    const RealDate = Date;
    const own = {
      setTimeout: (ring: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) =>
        this.#set(new Timer(() => ring(...args), undefined), ms),
      setInterval: (ring: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) =>
        this.#set(new Timer(() => ring(...args), ms), ms),
      clearTimeout: clear,
      clearInterval: clear,
      Date: class extends RealDate {
        constructor(...args: [] | [number]) {
          super(...((args.length > 0 ? args : [now()]) as [number]));
        }

        static override now(): number {
          return now();
        }
      },
    };
    const replaced = { setTimeout, setInterval, clearTimeout, clearInterval, Date };
    Object.assign(globalThis, own);
    const begun = this.#now;
    const spies = [
      vi.spyOn(performance, "now").mockImplementation(() => this.#now - begun),
      vi.spyOn(Math, "random").mockImplementation(seeded(1)),
    ];
    onTestFinished(() => {
      Object.assign(globalThis, replaced);
      for (const spy of spies) spy.mockRestore();
    });
  }

  /** Lets so many ms pass. What each timer brings about is done before the next one rings. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    await setImmediate();
    for (let next = this.#timers.at(-1); next && next.at <= end; next = this.#timers.at(-1)) {
      this.#timers.pop();
      if (next.isCleared) continue;
      this.#now = Math.max(this.#now, next.at);
      if (next.every !== undefined) this.#set(next, next.every);
      next.ring();
      await setImmediate();
    }
    this.#now = end;
  }

  #set(timer: Timer, ms = 1): Timer {
    timer.at = this.#now + (ms >= 1 && ms <= LONGEST_TIMER ? Math.trunc(ms) : 1);
    // Behind those that were set before it for the same instant.
    let [low, high] = [0, this.#timers.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#timers[middle]?.at ?? 0) > timer.at) low = middle + 1;
      else high = middle;
    }
    this.#timers.splice(low, 0, timer);
    return timer;
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
