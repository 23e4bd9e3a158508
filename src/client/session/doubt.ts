import type { Certainty } from "../refresh/outcome.ts";

/** How often, and over how many ms, a doubtful answer must come to be certain. */
const DOUBTS = 3;
const DOUBT_SPAN = 5_000;

/**
 * ms after which a cookie is tried once more that was refused, at most: somebody else of the site may just have refreshed it,
 * and the answer may still be on its way to this browser. An app whose retries are quicker than the default has it sooner.
 */
const SECOND_TRY = 1_900;

/** Answers that would end the session, were they certain (B6). */
export interface Doubt {
  certainty: Certainty;
  /** how many of them came, whatever transient failures came in between */
  count: number;
  /** when the first of them came */
  since: number;
}

/** After one more such answer. */
export function doubted(before: Doubt | undefined, certainty: Certainty, now: number): Doubt {
  const isSame = before?.certainty === certainty;
  // By a clock that has been put back, it would take hours (B5).
  const since = before && before.since <= now ? before.since : now;
  return { certainty, count: isSame ? before.count + 1 : 1, since };
}

/** @param hasRefreshToken whether the answer was about a refresh token, which nobody else refreshes by a cookie */
export function isCertain(
  { certainty, count, since }: Doubt,
  hasRefreshToken: boolean,
  now: number,
): boolean {
  return (
    certainty === "certain" ||
    (certainty === "repeatable" && (hasRefreshToken || count > 1)) ||
    (certainty === "doubtful" && count >= DOUBTS && now - since >= DOUBT_SPAN)
  );
}

/**
 * When to ask again.
 *
 * @param retryAt when the backoff would ask
 * @param base ms of the app's own backoff
 */
export function askAgainAt(
  { certainty, count, since }: Doubt,
  now: number,
  retryAt: number,
  base = SECOND_TRY,
): number {
  return certainty === "repeatable"
    ? now + Math.min(2 * base, SECOND_TRY)
    : // Spread over the whole span, so that three requests decide it and not many.
      Math.max(retryAt, since + (DOUBT_SPAN * count) / (DOUBTS - 1));
}
