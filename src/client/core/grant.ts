import { defined } from "./defined.ts";
import { type Claims, readClaims } from "./jwt.ts";
import type { TokenSet } from "./token-set.ts";

/** A token set with what scheduling needs to know of it: when it expires and when to renew it, by this clock. */
export interface Grant {
  readonly accessToken: string;
  readonly refreshToken?: string | undefined;
  readonly subject?: string | undefined;
  readonly expiresAt?: number | undefined;
  readonly claims?: Readonly<Claims> | undefined;
  /** When the renewal is due; absent where the expiry is unknown. */
  readonly renewAt?: number;
  /** ms before the expiry at which it is to be, where there is time enough for that. */
  readonly lead?: number;
  /** Since when the expiry has been known. */
  readonly since?: number;
  /** ms from issue to expiry; absent where unknown. */
  readonly lifetime?: number;
  /** How many tokens in a row the server has refused, this one included (B7). */
  readonly refusals: number;
  /** A cookie that may be there or not: no server has said yet that there is a session. */
  readonly assumed?: true;
}

/** Reads who a token is for from its claims. */
export type SubjectReader = (claims: Claims & Record<string, unknown>) => string | undefined;

/** How a renewal is timed; see `AuthSessionOptions`. */
export interface RenewalTiming {
  leeway: number | undefined;
  jitter: number;
}

/** The default of the option `subject`: the claims `sub`, `id` or `userId`. */
export const defaultSubject: SubjectReader = ({ sub, id, userId }) => {
  const subject = sub ?? id ?? userId;
  return typeof subject === "string" || typeof subject === "number" ? String(subject) : undefined;
};

/** Where a token set came from: the refresh just made, or elsewhere (a store, the app). */
export type Origin = "refreshed" | "given";

export interface GrantContext extends RenewalTiming {
  origin: Origin;
  now: number;
  /** 0 ≤ random < 1 */
  random: number;
  subject: SubjectReader;
}

const MAX_LEEWAY = 60_000;

/**
 * B5: a token just received is good for `exp − iat` from now, whatever the two clocks say. One that was given or stored
 * without the instant of its receipt goes by `exp` too, since it may be old: a wrong clock then costs one refresh at most.
 */
function expiry(
  tokens: TokenSet,
  lifetime: number | undefined,
  exp: number | undefined,
  context: GrantContext,
) {
  const { now, origin } = context;
  if (origin === "given") {
    return tokens.expiresAt ?? (exp && Math.min(exp, now + (lifetime ?? Number.POSITIVE_INFINITY)));
  }
  const at = tokens.expiresAt ?? (lifetime === undefined ? exp : now + lifetime);
  // A fresh token that is already expired shows a wrong clock, not a dead token: refreshing again would never end.
  return at !== undefined && at > now ? at : undefined;
}

export function toGrant(tokens: TokenSet, context: GrantContext): Grant {
  const claims = readClaims(tokens.accessToken);
  const exp = milliseconds(claims?.exp);
  const iat = milliseconds(claims?.iat);
  const issued = exp !== undefined && iat !== undefined && exp > iat ? exp - iat : undefined;
  const expiresAt = expiry(tokens, issued, exp, context);
  const subject = tokens.subject ?? readSubject(claims, context.subject);
  // What is left of a fresh token is all of it; a given one may have been issued long ago.
  const lifetime = (at: number) => (context.origin === "given" && issued) || at - context.now;
  return defined({
    ...tokens,
    refusals: 0,
    claims,
    subject,
    expiresAt,
    ...(expiresAt !== undefined && schedule(expiresAt, lifetime(expiresAt), context)),
  });
}

/**
 * B4: due at `expiresAt − leeway − random(jitter × lifetime)`, though never in the first half of a token's life, nor, for
 * one just received, of what is left of it.
 */
function schedule(expiresAt: number, lifetime: number, context: GrantContext) {
  const { leeway, jitter } = spread(lifetime, context);
  const lead = leeway + context.random * jitter;
  const renewAt = expiresAt - lead * share(lifetime, leeway + jitter);
  return { expiresAt, lifetime, lead, since: context.now, renewAt };
}

/** The grant, now that the server has said when it will end: free of clock skew, and as early to renew as before. */
export function remeasured(grant: Grant, expiresAt: number, context: GrantContext): Grant {
  const left = expiresAt - context.now;
  const { lifetime = left, lead, since } = grant;
  if (lead === undefined || since === undefined) {
    return { ...grant, ...schedule(expiresAt, left, context) };
  }
  const { leeway, jitter } = spread(lifetime, context);
  // Counted from the first that was known of it: each namespace tells its end, and each time there is less left.
  const early = lead * share(Math.max(left, expiresAt - since), leeway + jitter);
  return { ...grant, expiresAt, lifetime: Math.max(lifetime, left), renewAt: expiresAt - early };
}

function spread(lifetime: number, { leeway, jitter }: RenewalTiming) {
  return { leeway: leeway ?? Math.min(MAX_LEEWAY, lifetime / 5), jitter: jitter * lifetime };
}

/** Where half of the time is too short for all that, it is divided among all in proportion: cut off, they would come at once. */
function share(time: number, most: number): number {
  return Math.min(1, time / 2 / most);
}

/** `exp` and `iat` are seconds on the wire; this is the one place where they are read. */
function milliseconds(seconds: unknown): number | undefined {
  const instant = typeof seconds === "number" ? seconds * 1000 : Number.NaN;
  return Number.isFinite(instant) ? instant : undefined;
}

function readSubject(claims: Claims | undefined, read: SubjectReader): string | undefined {
  try {
    return claims && read({ ...claims });
  } catch {
    return undefined; // B9: the app's function must not keep a user out
  }
}
