import { type AccessToken, isDue, isExpired } from "../token/access-token.ts";

/** ms within which a connection is new: a server that verifies after accepting has had no time to do so before. */
const NEW = 10_000;

/** How much may be left of a token that was cut over a clock which goes ahead of ours. */
const ANOTHER_CLOCK = 300_000;

/** ms within which three cuts of a token without a known end are too many. */
const CUTS_SPAN = 300_000;
const MOST_CUTS = 3;

/**
 * B5: a server may cut a second before the token's end. The end is measured from its receipt, which came later than its
 * issue, and most servers drop the fraction of a second from `iat`: up to another second. Of a token that lives for three
 * seconds two are left then, and that is no sign of a kick.
 */
const HASTE = 2_500;

/** The share of a token's life within which that holds: a token of half a second, cut at once, is not at its end (T13). */
const HASTY_SHARE = 0.75;

/** A connection that the server has disconnected. */
export interface CutConnection {
  token: AccessToken;
  /** when it was accepted */
  since: number;
  /** when the server had cut its predecessors, lately */
  cuts: readonly number[];
}

/** What a cut means: the token's time was over, the token is in doubt, or the server does not want this socket. */
export type Cut = "expired" | "doubted" | "kicked";

/** The cuts that still count. */
export function recentCuts(cuts: readonly number[], now: number): number[] {
  return cuts.filter((at) => at <= now && now - at < CUTS_SPAN);
}

/**
 * Reads a server's disconnect by the token's own expiry first (B14): at or after its end it is never a kick.
 *
 * @param current the session's access token
 */
export function readCut(
  { token, since, cuts }: CutConnection,
  current: string | undefined,
  now: number,
): Cut {
  const { expiresAt, lifetime = Number.POSITIVE_INFINITY } = token;
  const left = expiresAt === undefined ? Number.POSITIVE_INFINITY : expiresAt - now;
  // By a clock that has been put back, nothing is due (B5).
  if (
    isExpired(token, now) ||
    isDue(token, now) ||
    now < since ||
    left <= Math.min(HASTE, lifetime * HASTY_SHARE)
  )
    return "expired";
  const half = lifetime / 2;
  if (cuts.length > 0 && now - since < Math.min(NEW, half)) return "kicked";
  if (expiresAt === undefined && cuts.length + 1 >= MOST_CUTS) return "kicked";
  const isTokenMatter =
    expiresAt === undefined ||
    token.accessToken !== current ||
    left <= Math.min(ANOTHER_CLOCK, half) ||
    now - since < NEW;
  return isTokenMatter ? "doubted" : "kicked";
}
