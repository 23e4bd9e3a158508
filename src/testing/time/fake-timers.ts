import { LONGEST_TIMER } from "./delay.ts";
import type { Timeline } from "./timeline.ts";

/** The clock of Vitest's and Jest's fake timers, which they hang on each function that they stand in for. */
interface FakeClock {
  tickAsync(ms: number): Promise<unknown>;
  nextAsync(): Promise<unknown>;
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

/** A timer function, which may be a spy. */
interface Timer {
  clock?: FakeClock;
  _isMockFunction?: boolean;
}

/**
 * The fake timers that are on; undefined: none are.
 *
 * @throws Error for Jest's legacy ones, and for those that leave alone what a client goes by: no token would ever expire
 */
export function fakeClock(): FakeClock | undefined {
  const { setTimeout, clearTimeout, setInterval, clearInterval } = globalThis;
  const timers = [setTimeout, clearTimeout, setInterval, clearInterval] as Timer[];
  // A spy may hide the clock of what it spies on. Jest's legacy timers are all mocks.
  const isReal = ({ clock, _isMockFunction }: Timer) => !clock && !_isMockFunction;
  const clock = timers.find((timer) => timer.clock)?.clock;
  if (!clock && !timers.some(isReal)) {
    throw new Error(
      "Jest's legacy fake timers are on, which do not move Date: leave out legacyFakeTimers, and call jest.useFakeTimers()",
    );
  }
  if (typeof clock?.nextAsync !== "function") return undefined;
  const needed = { setTimeout, clearTimeout, Date: globalThis.Date } as Record<string, Timer>;
  const missing = Object.keys(needed).filter((name) => isReal(Object(needed[name])));
  if (missing.length === 0) return clock;
  const names = missing.join(" and ");
  throw new Error(
    `fake timers are on, but not for ${names}, so no token would expire: add ${names} to \`toFake\` in Vitest, or remove it from \`doNotFake\` in Jest`,
  );
}

/** Time as fake timers move it. */
export class FakeTimers implements Timeline {
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  async flush(): Promise<void> {
    this.#check();
    await this.#clock.tickAsync(0);
  }

  async advance(ms: number, calm: () => Promise<void>): Promise<void> {
    for (let left = ms; left >= 0; left -= LONGEST_TIMER) {
      await this.#pass(Math.min(left, LONGEST_TIMER), calm);
    }
  }

  close(): void {}

  /** A timer of its own is the end: the next one is run until it is that one. */
  async #pass(ms: number, calm: () => Promise<void>): Promise<void> {
    this.#check();
    let isOver = false;
    const end = this.#clock.setTimeout(() => {
      isOver = true;
    }, ms);
    try {
      while (!isOver) {
        await this.#clock.nextAsync();
        await calm();
      }
    } finally {
      this.#clock.clearTimeout(end);
    }
  }

  #check(): void {
    if (fakeClock() === this.#clock) return;
    throw new Error(
      "the fake timers that were on at createTestServer() are on no longer: call useRealTimers() after server.close()",
    );
  }
}
