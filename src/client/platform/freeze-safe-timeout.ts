import type { Platform } from "./platform.ts";

/** T19: a timer of more ms fires at once. */
export const LONGEST_TIMER = 2 ** 31 - 1;

/** The last ms of a timeout have a timer of their own: how many, at most. */
const LAST_PART = 1_000;

/**
 * Calls back after so many ms. When a frozen page is thawed, timers that ran out meanwhile may run before messages that
 * arrived meanwhile (T23). So the last part is timed separately: a freeze leaves it whole, and the messages come first.
 *
 * @returns a function that cancels it
 */
export function freezeSafeTimeout(platform: Platform, ms: number, over: () => void): () => void {
  const last = Math.min(LAST_PART, ms / 2);
  let timer = platform.setTimeout(
    () => {
      timer = platform.setTimeout(over, last);
    },
    Math.min(ms - last, LONGEST_TIMER),
  );
  return () => platform.clearTimeout(timer);
}
