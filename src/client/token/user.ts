import { fingerprint } from "./fingerprint.ts";
import type { TokenSet } from "./token-set.ts";

/** Who a session is for. */
export interface User {
  /** Changes whenever what one user left behind must not reach the next (B16). 0: nobody has been here yet. */
  readonly id: number;
  readonly subject?: string | undefined;
  readonly signInId?: string | undefined;
}

/** What tokens tell of their user. */
interface Named {
  readonly subject?: string | undefined;
  readonly signInId: string;
}

export const NOBODY: User = { id: 0 };

/**
 * Whether a token belongs to the same user: equal subjects; where one of them names nobody, equal sign-ins (B16). The
 * session's sign-in id is kept by its refreshes and stored beside the tokens, so that other tabs find it there (B23).
 */
export function isSameUser(user: User, token: Named): boolean {
  if (user.id === 0) return false;
  return user.subject !== undefined && token.subject !== undefined
    ? user.subject === token.subject
    : user.signInId === token.signInId;
}

/** Whether a token names another user for certain. */
export function namesAnother(user: User, token: Named): boolean {
  return user.subject !== undefined && token.subject !== undefined && user.subject !== token.subject;
}

/** The user of a token that a session takes over. The first user of all takes over from nobody. */
export function nextUser(user: User, token: Named): User {
  const { subject, signInId } = token;
  return isSameUser(user, token)
    ? { id: user.id, subject: subject ?? user.subject, signInId }
    : { id: user.id + 1, subject, signInId };
}

/** After a sign-out: what the user left behind is nobody's. Who it was stays known, should the same user return. */
export function successor(user: User): User {
  return user.id > 0 ? { ...user, id: user.id + 1 } : user;
}

/**
 * After a sign-in whose tokens are still to come: who it was stays known where the tokens named one, should it be the same
 * user. Where nobody was named, it is another.
 *
 * @param signInId drawn for it
 */
export function perhapsAnother(user: User, signInId: string): User {
  return user.subject === undefined ? { ...successor(user), signInId } : { ...user, signInId: undefined };
}

/** What draws a sign-in: told apart by when they were, they need less chance. */
interface Chance {
  /** ms since the epoch */
  now(): number;
  /** 0 ≤ random < 1 */
  random(): number;
}

export function drawSignIn({ now, random }: Chance): string {
  return `${now().toString(36)}.${Math.floor(random() * 2 ** 48).toString(36)}`;
}

/** When a sign-in was drawn, in ms since the epoch; NaN where its id does not tell. */
export function drawnAt(signInId = ""): number {
  return /^\w+\./.test(signInId) ? Number.parseInt(signInId, 36) : Number.NaN;
}

/**
 * The sign-in of tokens that came without one, since other code wrote them: derived from the tokens, so that every tab that
 * reads them comes to the same.
 */
export function impliedSignIn({ accessToken, refreshToken }: TokenSet): string {
  return `of ${fingerprint(refreshToken ?? accessToken)}`;
}
