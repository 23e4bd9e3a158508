import { createHash, randomBytes, randomUUID } from "node:crypto";

/** One browser in which a user has signed in. */
export interface RefreshSession {
  /** Names the session in access tokens. Not the secret that is in the cookie. */
  readonly id: string;
  readonly subject: string;
  /** ms since the epoch; refreshing does not move it */
  readonly expiresAt: number;
}

/** How long one sign-in lasts, in ms, however often it is refreshed. */
export const REFRESH_SESSION_LIFETIME = 12 * 60 * 60 * 1000;

// Who reads the server's memory or store cannot sign in with what is found. A fast hash will do for 256 random bits.
const digest = (secret: string): string => createHash("sha256").update(secret).digest("hex");

/** The refresh sessions that are alive. */
export class RefreshSessions {
  readonly #byDigest = new Map<string, RefreshSession>();

  /** Starts a session. The secret is told once and not kept. */
  start(subject: string): { session: RefreshSession; secret: string } {
    const secret = randomBytes(32).toString("base64url");
    const session = { id: randomUUID(), subject, expiresAt: Date.now() + REFRESH_SESSION_LIFETIME };
    this.#byDigest.set(digest(secret), session);
    return { session, secret };
  }

  find(secret: string | undefined): RefreshSession | undefined {
    if (secret === undefined) return undefined;
    const session = this.#byDigest.get(digest(secret));
    return session && session.expiresAt > Date.now() ? session : undefined;
  }

  end(secret: string | undefined): void {
    if (secret !== undefined) this.#byDigest.delete(digest(secret));
  }

  /** Everybody who has a living session; forgets the sessions that are over. */
  subjects(): Set<string> {
    const now = Date.now();
    const subjects = new Set<string>();
    for (const [key, session] of this.#byDigest) {
      if (session.expiresAt > now) subjects.add(session.subject);
      else this.#byDigest.delete(key);
    }
    return subjects;
  }
}
