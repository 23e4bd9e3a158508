import type { Platform } from "../platform/platform.ts";
import { type AccessToken, defaultSubject, type Origin, type ReadingContext } from "../token/access-token.ts";
import type { User } from "../token/user.ts";
import type { AuthSessionOptions } from "./options.ts";

/** Of this page's sessions, which may take over each other's. */
let renewals = 0;

/** What stands for a token where there is none but a cookie. */
export function nextRenewal(): string {
  return `renewal ${++renewals}`;
}

/**
 * How a session reads a token.
 *
 * @param now when it came
 */
export function readingContext(
  { leeway, jitter = 0.1, subject = defaultSubject }: AuthSessionOptions,
  { random }: Platform,
  origin: Origin,
  now: number,
): ReadingContext {
  return { leeway, jitter, subject, origin, now, random: random() };
}

/**
 * The sign-in of a token that came without one: the present one, unless it names another user (B16).
 *
 * @param current the token that is there
 */
export function presentSignIn(
  { subject }: AccessToken,
  user: User,
  current: AccessToken | undefined,
): string | undefined {
  if (subject !== undefined && user.subject !== undefined && subject !== user.subject) return undefined;
  return user.id > 0 && user.signInId !== undefined ? user.signInId : current?.signInId;
}
