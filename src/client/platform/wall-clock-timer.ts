import type { Platform } from "./platform.ts";

/** Longest time without a look at the wall clock: a timer stops with a sleeping machine (B4), and one of 2^31 ms fires at once (T19). */
const LONGEST = 60_000;

/**
 * A timer for an instant of the wall clock. It rings then, and once a minute until then, for the owner to look.
 *
 * @returns a function that sets it, in ms since the epoch; undefined: never
 */
export function wallClockTimer(platform: Platform, ring: () => void): (at: number | undefined) => void {
  let timer: unknown;
  return (at) => {
    platform.clearTimeout(timer);
    if (at !== undefined)
      timer = platform.setTimeout(ring, Math.min(Math.max(at - platform.now(), 0), LONGEST));
  };
}
