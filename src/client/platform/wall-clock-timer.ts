import type { Platform } from "./platform.ts";

/** Longest time without a look at the wall clock: a timer stops with a sleeping machine (B4), and one of 2^31 ms fires at once (T19). */
const LONGEST = 60_000;

/** A timer for an instant of the wall clock. It rings then, and once a minute until then, for the owner to look. */
export class WallClockTimer {
  readonly #platform: Platform;
  readonly #ring: () => void;
  #timer: unknown;

  constructor(platform: Platform, ring: () => void) {
    this.#platform = platform;
    this.#ring = ring;
  }

  /** @param at ms since the epoch; undefined: never */
  set(at: number | undefined): void {
    this.#platform.clearTimeout(this.#timer);
    this.#timer =
      at === undefined
        ? undefined
        : this.#platform.setTimeout(this.#ring, Math.min(Math.max(at - this.#platform.now(), 0), LONGEST));
  }
}
