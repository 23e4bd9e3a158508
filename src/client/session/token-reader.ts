import type { Platform } from "../platform/platform.ts";
import {
  type AccessToken,
  defaultSubject,
  type Origin,
  type ReadingContext,
  toAccessToken,
} from "../token/access-token.ts";
import type { TokenSet } from "../token/token-set.ts";
import { drawSignIn, type User } from "../token/user.ts";
import type { AuthSessionOptions } from "./options.ts";

/** Of this page's sessions, which may take over each other's. */
let renewals = 0;

/** What stands for a token where there is none but a cookie. */
export function nextRenewal(): string {
  return `renewal ${++renewals}`;
}

/** Reads tokens by the session's options and clock, and tells whose sign-in they belong to. */
export class TokenReader {
  readonly #options: AuthSessionOptions;
  readonly #platform: Platform;

  constructor(options: AuthSessionOptions, platform: Platform) {
    this.#options = options;
    this.#platform = platform;
  }

  /** @param now when they came */
  context(origin: Origin, now = this.#platform.now()): ReadingContext {
    const { leeway, jitter = 0.1, subject = defaultSubject } = this.#options;
    return { leeway, jitter, subject, origin, now, random: this.#platform.random() };
  }

  read(tokens: TokenSet, origin: Origin): AccessToken {
    return toAccessToken(tokens, this.context(origin));
  }

  /**
   * What a refresh or a source has brought: without a sign-in of its own, it belongs to the present one, unless it names
   * another user (B16).
   *
   * @param current the token that is there
   * @param at when it came
   */
  readAnswer(
    tokens: TokenSet,
    origin: Origin,
    user: User,
    current: AccessToken | undefined,
    at: number,
  ): AccessToken {
    const token = toAccessToken(tokens, this.context(origin, at));
    if (tokens.signInId !== undefined) return token;
    const isOthers =
      token.subject !== undefined && user.subject !== undefined && token.subject !== user.subject;
    const present = user.id > 0 && user.signInId !== undefined ? user.signInId : current?.signInId;
    return { ...token, signInId: (!isOthers && present) || drawSignIn(this.#platform) };
  }
}
