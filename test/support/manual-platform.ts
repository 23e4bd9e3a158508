import { setImmediate } from "node:timers/promises";
import type { LeaseDatabase } from "../../src/client/lease/lease-database.ts";
import type { Platform } from "../../src/client/platform/platform.ts";
import { ManualClock } from "./manual-clock.ts";

/** A world in which time passes only when a test says so. */
export class ManualPlatform implements Platform {
  /** What `random()` answers. */
  chance = 0;
  /** Where the page is; default: outside a page. */
  page: Location | undefined;
  /** The delays of all timers that were ever set. */
  readonly delays: number[] = [];
  readonly #clock = new ManualClock();
  /** ms by which the wall clock was moved */
  #moved = 0;
  readonly #sleepers = new Set<(isOnline: boolean) => void>();

  readonly now = () => this.#clock.now() + this.#moved;
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

  readonly setTimeout = (callback: () => void, ms: number): unknown => {
    this.delays.push(ms);
    return this.#clock.setTimeout(callback, ms);
  };

  readonly clearTimeout = this.#clock.clearTimeout;

  readonly onWakeUp = (listener: (isOnline: boolean) => void) => {
    this.#sleepers.add(listener);
    return () => {
      this.#sleepers.delete(listener);
    };
  };

  /** How many timers and wake-up listeners are waiting. */
  get pending(): { timers: number; listeners: number } {
    return { timers: this.#clock.pending, listeners: this.#sleepers.size };
  }

  /** Lets time pass: the wall clock and the timers go on together. */
  advance(ms: number): Promise<void> {
    return this.#clock.pass(ms);
  }

  /** Moves the wall clock alone: it was set, or the machine has slept. */
  jump(ms: number): void {
    this.#moved += ms;
  }

  /** The page comes back to life, or the network does. */
  async wake(online = false): Promise<void> {
    for (const heard of [...this.#sleepers]) heard(online);
    await setImmediate();
  }
}
