import type { AccessToken } from "../token/access-token.ts";

/** ms after a refresh within which nobody's refusal causes another. */
const REST = 10_000;

/** ms for which a refused token of unknown expiry is not refreshed for the same asker again. */
const UNKNOWN_END = 300_000;

/** What an asker gets whose token was refused. */
export type Allowance =
  /** a refresh, now */
  | { status: "now" }
  /** a refresh, though not before that instant */
  | { status: "later"; at: number }
  /** none: it has had one, and the fresh token was refused too */
  | { status: "spent" };

/**
 * How often a session refreshes because a server has refused its token (B27): once per token, not within ten seconds of
 * its last refresh, and not again for an asker that refuses what it was given. A refresh that is due by the clock is not
 * counted, nor is one that the app forces.
 */
export class RefreshBudget {
  #refreshedAt = Number.NEGATIVE_INFINITY;
  /** The token that the last refusal was about. */
  #refreshedFor: string | undefined;
  /** The askers that were given a refresh and have not been served since: when, and which token they refused last. */
  readonly #askers = new Map<object, { at: number; refused: string }>();

  allowance(asker: object, { accessToken, renewAt, expiresAt }: AccessToken, now: number): Allowance {
    const asked = this.#askers.get(asker);
    // By a clock that has been put back, it would take hours (B5).
    if (asked && now >= asked.at && now < (renewAt ?? expiresAt ?? asked.at + UNKNOWN_END)) {
      asked.refused = accessToken;
      return { status: "spent" };
    }
    if (this.#refreshedFor === accessToken) return { status: "spent" };
    const at = this.restsUntil;
    return now < at && now >= this.#refreshedAt ? { status: "later", at } : { status: "now" };
  }

  /** The asker waits for the refresh that replaces that token. */
  asked(asker: object, accessToken: string, now: number): void {
    this.#askers.set(asker, { at: now, refused: accessToken });
    this.#refreshedFor = accessToken;
  }

  /** B7: refusals of one token count once, also one that comes when the fresh token is there. */
  askedLate(asker: object, accessToken: string, now: number): void {
    if (accessToken === this.#refreshedFor) this.asked(asker, accessToken, now);
  }

  /** A server has refused the token that the asker was given, too. */
  refusedAgain(asker: object, accessToken: string): void {
    const asked = this.#askers.get(asker);
    if (asked) asked.refused = accessToken;
  }

  /**
   * A server has taken the token that the asker was given.
   *
   * @param token that it was, where the asker speaks for many: what one of them has refused stays refused
   */
  served(asker: object, token?: string): void {
    if (this.#askers.get(asker)?.refused !== token) this.#askers.delete(asker);
  }

  /** There is another token. Whoever has not refused the one before has found it good, and need not have said so. */
  replaced(token: string): void {
    for (const [asker, { refused }] of this.#askers) if (refused !== token) this.#askers.delete(asker);
  }

  /** What was refused has been replaced without a refresh: whoever is refused again has a refresh to come. */
  forget(): void {
    this.#askers.clear();
  }

  /** Until when nothing that a server says causes another refresh. */
  get restsUntil(): number {
    return this.#refreshedAt + REST;
  }

  refreshed(now: number): void {
    this.#refreshedAt = now;
  }
}
