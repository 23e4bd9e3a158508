/** Beyond any `max`, and still a number. */
const MOST_DOUBLINGS = 50;

/**
 * Full-jitter backoff: anywhere between 0 and `base × 2^attempt`, `max` at the most, so that clients which failed
 * together do not come back together.
 *
 * @param attempt how many attempts have failed before this one, from 0
 * @param random 0 ≤ random < 1
 * @param retry the option, in ms
 * @returns ms to wait
 */
export function backoff(
  attempt: number,
  random: number,
  { base = 1_000, max = 30_000 }: { base?: number | undefined; max?: number | undefined } = {},
): number {
  return random * Math.min(max, base * 2 ** Math.min(attempt, MOST_DOUBLINGS));
}
