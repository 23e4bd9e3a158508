import { setImmediate } from "node:timers/promises";
import { browserPlatform, type Platform } from "../../src/client/platform/platform.ts";
import { SkippableTime } from "../../src/testing/time/skippable-time.ts";

/** Turns of the event loop that a promise is given to settle in. */
const TURNS = 3;

/** The real world, except that a test can skip time, fix what is random, and wake the machine up. */
export class SkippableClock implements Platform {
  /** 0 ≤ random < 1 */
  chance = 0.5;
  fetch = browserPlatform.fetch;
  location = browserPlatform.location;
  leases: Platform["leases"] = browserPlatform.leases;
  warn: Platform["warn"] = browserPlatform.warn;
  report: Platform["report"] = browserPlatform.report;
  readonly #time = new SkippableTime();
  readonly #sleepers = new Set<(isOnline: boolean) => void>();

  readonly now = this.#time.now;
  readonly setTimeout: Platform["setTimeout"] = this.#time.setTimeout;
  readonly clearTimeout = this.#time.clearTimeout;

  readonly random = (): number => this.chance;

  readonly onWakeUp = (listener: (isOnline: boolean) => void): (() => void) => {
    const own = (isOnline: boolean) => listener(isOnline);
    this.#sleepers.add(own);
    return () => this.#sleepers.delete(own);
  };

  /** How many timers and wake-up listeners are set. */
  get pending(): number {
    return this.#time.pending + this.#sleepers.size;
  }

  /** When the next timer rings, in ms from now. */
  get next(): number {
    return (this.#time.next ?? Number.POSITIVE_INFINITY) - this.now();
  }

  /** Skips so many ms; what becomes due meanwhile rings in its order, and has the time to settle what it promises. */
  skip(ms: number): Promise<void> {
    return this.#time.skip(ms, async () => {
      for (let turn = 0; turn < TURNS; turn++) await setImmediate();
    });
  }

  wakeUp(online = false): void {
    for (const listener of [...this.#sleepers]) listener(online);
  }
}
