import { setImmediate } from "node:timers/promises";
import { onTestFinished } from "vitest";

/** T19: a timer of more ms fires at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

class Timer {
  at = 0;
  /** Of two for one instant, the first rings first. */
  order = 0;
  isCleared = false;
  readonly every: number | undefined;
  readonly ring: () => void;

  constructor(ring: () => void, every: number | undefined) {
    this.ring = ring;
    this.every = every;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  isBefore(other: Timer): boolean {
    return this.at < other.at || (this.at === other.at && this.order < other.order);
  }
}

/** A binary heap: thousands of clients have thousands of timers. */
class Timers {
  readonly #heap: Timer[] = [];
  #count = 0;

  get first(): Timer | undefined {
    return this.#heap[0];
  }

  add(timer: Timer): void {
    timer.order = ++this.#count;
    let index = this.#heap.push(timer) - 1;
    for (let above = this.#above(index); above && timer.isBefore(above.timer); above = this.#above(index)) {
      this.#heap[index] = above.timer;
      index = above.index;
    }
    this.#heap[index] = timer;
  }

  removeFirst(): void {
    const last = this.#heap.pop();
    if (!last || this.#heap.length === 0) return;
    let index = 0;
    for (let below = this.#below(index); below?.timer.isBefore(last); below = this.#below(index)) {
      this.#heap[index] = below.timer;
      index = below.index;
    }
    this.#heap[index] = last;
  }

  #above(index: number) {
    return index > 0 ? this.#at((index - 1) >> 1) : undefined;
  }

  #below(index: number) {
    const [left, right] = [this.#at(2 * index + 1), this.#at(2 * index + 2)];
    return left && right?.timer.isBefore(left.timer) ? right : left;
  }

  #at(index: number): { timer: Timer; index: number } | undefined {
    const timer = this.#heap[index];
    return timer && { timer, index };
  }
}

/**
 * For one test, the time of everything in this process, servers included. It passes only when the test says so, and chance
 * is the same in each run.
 */
export class VirtualTime {
  #now = Date.UTC(2026, 0, 1);
  readonly #timers = new Timers();

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
    const { random } = Math;
    // Not by a spy, which would remember millions of calls.
    Object.assign(Math, { random: seeded(1) });
    Object.assign(performance, { now: () => this.#now - begun });
    onTestFinished(() => {
      Object.assign(globalThis, replaced);
      Object.assign(Math, { random });
      Reflect.deleteProperty(performance, "now");
    });
  }

  /** Lets so many ms pass. What each timer brings about is done before the next one rings. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    await setImmediate();
    for (let next = this.#timers.first; next && next.at <= end; next = this.#timers.first) {
      this.#timers.removeFirst();
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
    this.#timers.add(timer);
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
