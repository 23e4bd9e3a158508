import type { Platform } from "./platform/platform.ts";

/** T19: a timer of more ms fires at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** ms, at most, of a patience that are waited for by themselves. */
const MOMENT = 1_000;

/**
 * Calls back when something has been waited for in vain. When a frozen page is thawed, timers that ran out meanwhile may run
 * before what lay ready for as long comes in (T23): the last moment is timed by itself, so that a freeze leaves it whole.
 *
 * @returns its undo
 */
export function patience(platform: Platform, ms: number, over: () => void): () => void {
  const moment = Math.min(MOMENT, ms / 2);
  const last = () => {
    timer = platform.setTimeout(over, moment);
  };
  let timer = platform.setTimeout(last, Math.min(ms - moment, LONGEST_TIMER));
  return () => platform.clearTimeout(timer);
}
