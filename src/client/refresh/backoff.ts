/** First and longest delay of a backoff, in ms. */
export interface Backoff {
  base: number;
  max: number;
}

/** Beyond any `max`, and still a number. */
const MOST_DOUBLINGS = 50;

/**
 * Full-jitter backoff: anywhere between 0 and `base × 2^attempt`, `max` at the most, so that clients which failed
 * together do not come back together.
 *
 * @param attempt how many attempts have failed before this one, from 0
 * @param random 0 ≤ random < 1
 * @returns ms to wait
 */
export function backoff(attempt: number, { base, max }: Backoff, random: number): number {
  return random * Math.min(max, base * 2 ** Math.min(attempt, MOST_DOUBLINGS));
}
