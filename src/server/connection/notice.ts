/** The default notice, and the most of a token's lifetime that it is, because clients renew in the last fifth of that. */
const DEFAULT_NOTICE = 10_000;
const DEFAULT_PART = 10;

/**
 * How many ms before its expiry a token's `auth:expiring` is sent.
 *
 * @param lifetime ms that are left of it
 * @param asked ms, as the app wants it; default: ten seconds, or a tenth of the lifetime if that is less
 */
export function noticeOf(lifetime: number, asked?: number): number {
  if (asked === undefined) return Math.min(DEFAULT_NOTICE, lifetime / DEFAULT_PART);
  return asked < lifetime ? asked : lifetime / 2;
}
