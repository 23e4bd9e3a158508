import { andThen, answerOnce, withDeadline } from "../platform/deadline.ts";
import type { Platform } from "../platform/platform.ts";
import { type RefreshOutcome, readAnswer } from "../refresh/outcome.ts";
import type { TokenSource } from "../refresh/source.ts";
import type { TokenSet } from "../token/token-set.ts";
import type { User } from "../token/user.ts";
import type { Question, Supply } from "./supply.ts";

/** What the news of a source needs of its session. */
export interface NewsOwner {
  readonly platform: Platform;
  readonly refreshTimeout: number;
  readonly user: User;
  /** What a look at the source asks; undefined once nothing is asked any more. */
  readonly look: Question | undefined;
  /**
   * @param tokens what the source holds; undefined: nobody is signed in
   * @param isTold whether other tabs have been told of it
   */
  sourceHas(user: User, tokens: TokenSet | undefined, isTold: boolean): void;
}

/**
 * A source, or another tab, says that something has changed. What the source holds is asked for, and no renewal. News that
 * comes while it is being asked, as by a renewal of its own, costs one question more at most.
 */
export class SourceNews {
  readonly #owner: NewsOwner;
  readonly #supply: Supply;
  #status: "idle" | "asking" | "outdated" = "idle";

  constructor(owner: NewsOwner, supply: Supply) {
    this.#owner = owner;
    this.#supply = supply;
  }

  /** @param unwatch takes what ends it, now or later */
  watch(source: TokenSource, unwatch: (end: () => void) => void): void {
    answerOnce(
      () => source.subscribe?.(() => this.ask()),
      (end) => {
        if (typeof end === "function") unwatch(end);
      },
      (error) => this.#owner.platform.report(error),
    );
  }

  /** @param isTold whether other tabs have been told of it */
  ask(isTold = false): void {
    if (this.#status !== "idle") {
      this.#status = "outdated";
      return;
    }
    const { platform, refreshTimeout, user, look } = this.#owner;
    if (!look) return;
    this.#status = "asking";
    const controller = new AbortController();
    const ended = (outcome?: RefreshOutcome) => {
      const isOutdated = this.#status === "outdated";
      this.#status = "idle";
      // What has been decided meanwhile is newer, and so is the answer to later news.
      if (isOutdated) this.ask(isTold);
      else if (outcome?.type === "granted") this.#owner.sourceHas(user, outcome.tokens, isTold);
      else if (outcome?.type === "denied") this.#owner.sourceHas(user, undefined, isTold);
      // Any other failure may pass: the token is renewed when it is due.
    };
    withDeadline<RefreshOutcome>(
      platform,
      refreshTimeout,
      () => andThen(this.#supply.ask(look, controller.signal), readAnswer),
      () => controller.abort(),
      ended,
      () => ended(),
    );
  }
}
