import { defined } from "../defined.ts";
import { type Claims, readClaims } from "./jwt.ts";
import { subjectOf, type TokenSet } from "./token-set.ts";
import { impliedSignIn } from "./user.ts";

/** An access token with what comes with it, and when to refresh it by this machine's clock. */
export interface AccessToken {
  readonly accessToken: string;
  readonly refreshToken?: string | undefined;
  readonly subject?: string | undefined;
  readonly signInId: string;
  readonly expiresAt?: number | undefined;
  readonly claims?: Readonly<Claims> | undefined;
  /** When the refresh is due. Absent where the expiry is unknown. */
  readonly renewAt?: number | undefined;
  /** How many ms before the expiry the refresh is to be, where the lifetime is long enough. */
  readonly lead?: number | undefined;
  /** Since when the expiry has been known. */
  readonly knownSince?: number | undefined;
  /** ms from issue to expiry. Absent where unknown. */
  readonly lifetime?: number | undefined;
  /** Stands for a cookie that may be there or not: no server has said yet that there is a session. */
  readonly assumed?: true | undefined;
  /** Its refresh token has been used by another tab: it serves until its end (B6). */
  readonly spent?: true | undefined;
}

/** Reads who a token is for from its claims. */
export type SubjectReader = (claims: Claims) => string | undefined;

/** How a refresh is timed; see `AuthSessionOptions`. */
export interface RefreshTiming {
  leeway: number | undefined;
  jitter: number;
}

/** Where tokens came from: an answer just received, or a store or an app that may have held them for long. */
export type Origin = "received" | "held";

export interface ReadingContext extends RefreshTiming {
  origin: Origin;
  now: number;
  /** 0 ≤ random < 1 */
  random: number;
  subject: SubjectReader;
}

/** The default of the option `subject`: the first of the claims `sub`, `id`, `userId`, `user_id` and `uid`. */
export const defaultSubject: SubjectReader = ({ sub, id, userId, user_id, uid }) =>
  subjectOf(sub ?? id ?? userId ?? user_id ?? uid);

const MAX_LEEWAY = 60_000;

/** B5: how many ms before a token's life begins the clock must stand to have been put back. Less is rounding. */
const PUT_BACK = 1_000;

/** ms between two requests for a token where the refresh function hands out the same one again. */
const MIN_REFRESH_GAP = 1_000;

export function toAccessToken(tokens: TokenSet, context: ReadingContext): AccessToken {
  const claims = readClaims(tokens.accessToken);
  const exp = milliseconds(claims?.exp);
  const iat = milliseconds(claims?.iat);
  const issued = exp !== undefined && iat !== undefined && exp > iat ? exp - iat : undefined;
  const expiresAt = expiry(tokens.expiresAt, issued, exp, context);
  // What is left of a token just received is all of it. One that was held may have been issued long ago.
  const lifetime = (at: number) => (context.origin === "held" && issued) || at - context.now;
  return {
    ...defined({
      accessToken: tokens.accessToken,
      refreshToken: tokens.refreshToken,
      subject: tokens.subject ?? readSubject(claims, context.subject),
      claims,
      expiresAt,
    }),
    signInId: tokens.signInId ?? impliedSignIn(tokens),
    ...(expiresAt !== undefined && schedule(expiresAt, lifetime(expiresAt), context)),
  };
}

/**
 * B5: a token just received is good for `exp − iat` from now, or for less where the server says so, whatever the two
 * clocks say. One that was held without the instant of its receipt goes by `exp` too, since it may be old: a wrong clock
 * then costs one refresh at most.
 */
function expiry(
  told: number | undefined,
  lifetime: number | undefined,
  exp: number | undefined,
  { now, origin }: ReadingContext,
): number | undefined {
  const measured = lifetime === undefined ? undefined : now + lifetime;
  const byClaims = origin === "held" ? least(exp, measured) : (measured ?? exp);
  const at = told === undefined ? byClaims : least(told, measured);
  if (origin === "held") return at;
  // A fresh token that is already expired shows a wrong clock, not a dead token: refreshing again would never end.
  return at !== undefined && at > now ? at : undefined;
}

function least(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}

/**
 * B4: due at `expiresAt − leeway − random(jitter × lifetime)`, though never in the first half of a token's life, nor, for
 * one just received, of what is left of it.
 */
function schedule(expiresAt: number, lifetime: number, context: ReadingContext) {
  const { leeway, jitter } = spread(lifetime, context);
  const lead = leeway + context.random * jitter;
  const renewAt = expiresAt - lead * share(lifetime, leeway + jitter);
  return { expiresAt, lifetime, lead, knownSince: context.now, renewAt };
}

/** The token, now that the server has said when it will end: free of clock skew, and refreshed as early as before. */
export function remeasured(token: AccessToken, expiresAt: number, context: ReadingContext): AccessToken {
  const left = expiresAt - context.now;
  const { lifetime = left, lead, knownSince } = token;
  if (lead === undefined || knownSince === undefined) {
    return { ...token, ...schedule(expiresAt, left, context) };
  }
  const { leeway, jitter } = spread(lifetime, context);
  // Counted from the first that was known of it: each namespace tells the end again, and each time less is left.
  const early = lead * share(Math.max(left, expiresAt - knownSince), leeway + jitter);
  return { ...token, expiresAt, lifetime: Math.max(lifetime, left), renewAt: expiresAt - early };
}

function spread(lifetime: number, { leeway, jitter }: RefreshTiming) {
  return { leeway: leeway ?? Math.min(MAX_LEEWAY, lifetime / 5), jitter: jitter * lifetime };
}

/**
 * If half of the lifetime is too short for leeway and jitter, both shrink in proportion. If they were cut off, all clients would
 * refresh at once.
 */
function share(time: number, most: number): number {
  return Math.min(1, time / 2 / most);
}

/** What a refresh brought, completed from the old token: its refresh token, subject and sign-in stay if there are no new ones. */
export function inherited(old: AccessToken | undefined, fresh: AccessToken): AccessToken {
  return {
    ...fresh,
    refreshToken: fresh.refreshToken ?? old?.refreshToken,
    subject: fresh.subject ?? old?.subject,
  };
}

/**
 * Some refresh functions hand out the same token until shortly before its end. Its life has not begun anew then: its expiry
 * stays, and it is asked for again halfway there.
 */
export function sameLife(old: AccessToken | undefined, fresh: AccessToken, now: number): AccessToken {
  if (old?.accessToken !== fresh.accessToken) return fresh;
  // An opaque token whose server tells its lifetime anew is refreshed in place.
  const expiresAt =
    fresh.claims?.exp === undefined
      ? (fresh.expiresAt ?? old.expiresAt)
      : least(old.expiresAt, fresh.expiresAt);
  if (expiresAt === undefined || expiresAt !== old.expiresAt) return fresh;
  const { lead, knownSince } = old;
  // What is left of it by now is not its lifetime. By a clock that has been put back it is more, and counts (B5).
  const lifetime = Math.max(old.lifetime ?? 0, fresh.lifetime ?? 0);
  const renewAt = Math.max(now + MIN_REFRESH_GAP, (now + expiresAt) / 2);
  return { ...fresh, expiresAt, lifetime, lead, knownSince, renewAt };
}

/** B14: whether the server had a reason to end a connection that was made with this token. */
export function isDue({ renewAt, expiresAt, lifetime }: AccessToken, now: number): boolean {
  // By a clock that has been put back, nothing would be due for hours.
  if (expiresAt !== undefined && lifetime !== undefined && now < expiresAt - lifetime - PUT_BACK) return true;
  return now >= (renewAt ?? expiresAt ?? Number.POSITIVE_INFINITY);
}

export function isExpired({ expiresAt }: AccessToken, now: number): boolean {
  return expiresAt !== undefined && now >= expiresAt;
}

/** What is stored of it. */
export function toTokenSet({
  accessToken,
  refreshToken,
  subject,
  expiresAt,
  signInId,
}: AccessToken): TokenSet {
  return defined({ accessToken, refreshToken, subject, expiresAt, signInId });
}

/** `exp` and `iat` are seconds on the wire; this is the one place where they are read. */
function milliseconds(seconds: unknown): number | undefined {
  const instant = typeof seconds === "number" ? seconds * 1000 : Number.NaN;
  return Number.isFinite(instant) ? instant : undefined;
}

function readSubject(claims: Claims | undefined, read: SubjectReader): string | undefined {
  try {
    return claims && subjectOf(read({ ...claims }));
  } catch {
    return undefined; // B9: the app's function must not keep a user out
  }
}
