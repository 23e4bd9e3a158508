import { setImmediate } from "node:timers/promises";
import type { LeaseDatabase } from "../../src/client/lease/lease-database.ts";
import type { Platform } from "../../src/client/platform/platform.ts";
import type { WakeUp } from "../../src/client/platform/wake-up.ts";

/** The longest delay that a browser's timer knows; a longer one rings at once (T19). */
const LONGEST_TIMER = 2 ** 31 - 1;

/** More timers than any test has use for: a loop. */
const MOST_TIMERS = 20_000;

interface Timer {
  /** by `#elapsed` */
  at: number;
  callback: () => void;
}

/** A world in which time passes only when a test says so. */
export class ManualPlatform implements Platform {
  /** What `random()` answers. */
  chance = 0;
  /** Where the page is; default: outside a page. */
  page: Location | undefined;
  /** The delays of all timers that were ever set. */
  readonly delays: number[] = [];
  #wall = Date.UTC(2026, 0, 1);
  #elapsed = 0;
  readonly #timers = new Set<Timer>();
  readonly #sleepers = new Set<(wakeUp: WakeUp) => void>();

  readonly now = () => this.#wall;
  readonly random = () => this.chance;
  readonly location = () => this.page;
  /** Whom it shares its origin with; default: nobody. */
  board: LeaseDatabase | undefined;
  readonly leases = () => this.board;
  // Looked up at the call, so that msw's is found.
  readonly fetch: typeof fetch = (input, init) => globalThis.fetch(input, init);

  /** What was said to the developer. */
  readonly warnings: string[] = [];
  readonly warn = (message: string) => {
    this.warnings.push(message);
  };

  /** What the app's code has thrown. */
  readonly reports: unknown[] = [];
  readonly report = (error: unknown) => {
    this.reports.push(error);
  };

  readonly setTimeout = (callback: () => void, ms: number): Timer => {
    this.delays.push(ms);
    const timer = { at: this.#elapsed + (ms > 0 && ms <= LONGEST_TIMER ? ms : 0), callback };
    this.#timers.add(timer);
    return timer;
  };

  readonly clearTimeout = (timer: unknown) => {
    this.#timers.delete(timer as Timer);
  };

  readonly onWakeUp = (listener: (wakeUp: WakeUp) => void) => {
    this.#sleepers.add(listener);
    return () => {
      this.#sleepers.delete(listener);
    };
  };

  /** How many timers and wake-up listeners are waiting. */
  get pending(): { timers: number; listeners: number } {
    return { timers: this.#timers.size, listeners: this.#sleepers.size };
  }

  /** Lets time pass: the wall clock and the timers go on together. */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    await setImmediate();
    for (let rung = 0; ; rung++) {
      if (rung > MOST_TIMERS) throw new Error("timers without end");
      const next = [...this.#timers].sort((a, b) => a.at - b.at)[0];
      if (!next || next.at > end) break;
      this.#pass(next.at - this.#elapsed);
      this.#timers.delete(next);
      next.callback();
      await setImmediate();
    }
    this.#pass(end - this.#elapsed);
  }

  /** Moves the wall clock alone: it was set, or the machine has slept. */
  jump(ms: number): void {
    this.#wall += ms;
  }

  /** The page comes back to life, or the network does. */
  async wake(online = false): Promise<void> {
    for (const heard of [...this.#sleepers]) heard(online ? "online" : "visible");
    await setImmediate();
  }

  #pass(ms: number): void {
    this.#wall += ms;
    this.#elapsed += ms;
  }
}
