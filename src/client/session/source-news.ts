import { andThen, subscribeTo, withDeadline } from "../platform/deadline.ts";
import { LONGEST_TIMER } from "../platform/freeze-safe-timeout.ts";
import type { Platform } from "../platform/platform.ts";
import { backoff } from "../refresh/backoff.ts";
import { type Certainty, type RefreshOutcome, readAnswer, readFailure } from "../refresh/outcome.ts";
import type { TokenSource } from "../refresh/source.ts";
import type { TokenSet } from "../token/token-set.ts";
import type { User } from "../token/user.ts";
import type { AuthSessionOptions } from "./options.ts";
import type { Question, Supply } from "./supply.ts";

/** What the news of a source needs of its session. */
export interface NewsOwner {
  readonly platform: Platform;
  readonly options: AuthSessionOptions;
  readonly refreshTimeout: number;
  readonly user: User;
  /** What the source is asked for; undefined once nothing is asked any more. */
  readonly question: Question | undefined;
  /**
   * @param tokens what the source holds; undefined: nobody is signed in
   * @param isTold whether other tabs have been told of it
   */
  sourceHas(user: User, tokens: TokenSet | undefined, isTold: boolean): void;
  /** Called when `isOwed` may have changed. */
  watch(): void;
}

/** Any outcome, by what counts here. */
interface Answer {
  type: string;
  tokens?: TokenSet;
  certainty?: Certainty;
  retryAfter?: number;
}

/** Some sources announce whatever they are asked for. News is taken for such an echo after so many questions for nothing. */
const MOST_ECHOES = 5;

/** ms that the next question waits for then. A sign-out is still seen within a second. */
const ECHO_REST = 500;

/**
 * Asks the source again when it, or another tab, says that something has changed: for the token that it holds, and for no
 * refresh. If more news comes in the meantime, for example from a refresh of the source's own, it is asked once more.
 */
export class SourceNews {
  readonly #owner: NewsOwner;
  readonly #supply: Supply;
  #status: "idle" | "asking" | "outdated" = "idle";
  /** How many questions in a row have brought nothing new, or news while they were being answered. */
  #echoes = 0;
  #rest: unknown;
  /** When that is over. */
  #restsUntil = Number.POSITIVE_INFINITY;
  /** How many questions in a row have failed. */
  #failures = 0;
  /** Whether other tabs have been told of all the news that the present question is about. */
  #isTold = true;

  constructor(owner: NewsOwner, supply: Supply) {
    this.#owner = owner;
    this.#supply = supply;
  }

  /** @returns a function that ends it */
  watch(source: TokenSource | undefined): () => void {
    const { platform } = this.#owner;
    const end = subscribeTo(() => source?.subscribe?.(() => this.ask()), platform.report);
    return () => {
      platform.clearTimeout(this.#rest);
      end();
    };
  }

  /** Whether there is news of which nothing is known yet, since the source has failed. */
  get isOwed(): boolean {
    return this.#failures > 0 && this.#owner.question !== undefined;
  }

  /** @param isTold whether other tabs have been told of it */
  ask(isTold = false): void {
    this.#isTold &&= isTold;
    if (this.#status !== "idle") {
      this.#status = "outdated";
      return;
    }
    this.#status = "asking";
    if (this.#echoes < MOST_ECHOES) this.#put();
    else this.#restFor(ECHO_REST, () => this.#put());
  }

  /** Timers stand still while the machine sleeps (T23). */
  look(): void {
    if (this.#owner.platform.now() >= this.#restsUntil) this.ask(true);
  }

  /** Asks in so many ms for what is not known yet. Of what that is, other tabs have been told no more than before. */
  askIn(ms: number): void {
    if (ms === 0 || this.#status !== "idle") this.ask(true);
    // B6: one that comes sooner stays.
    else if (!(this.#owner.platform.now() + ms >= this.#restsUntil)) this.#restFor(ms, () => this.ask(true));
  }

  #restFor(ms: number, then: () => void): void {
    const { platform, question } = this.#owner;
    if (!question) return;
    platform.clearTimeout(this.#rest);
    this.#restsUntil = platform.now() + ms;
    this.#rest = platform.setTimeout(then, Math.min(ms, LONGEST_TIMER));
  }

  /** Puts the question. */
  #put(): void {
    const { platform, options, refreshTimeout, user, question } = this.#owner;
    platform.clearTimeout(this.#rest);
    this.#restsUntil = Number.POSITIVE_INFINITY;
    if (!question) return;
    const controller = new AbortController();
    const { signal } = controller;
    /** B6: not before the source wants it. */
    const restAfter = ({ retryAfter = 0 }: Answer) =>
      Math.max(backoff(this.#failures - 1, platform.random(), options.retry), retryAfter);
    const ended = (answer: Answer) => {
      const { tokens, certainty } = answer;
      const isOutdated = this.#status === "outdated";
      const isTold = this.#isTold;
      // B6: what is not certain is asked for again.
      const isAnswered = !!tokens || certainty === "certain";
      this.#status = "idle";
      this.#isTold = isAnswered || isTold;
      // What has been decided meanwhile is newer, and so is the answer to later news, unless there is no end of it.
      const isUsed = !isOutdated || this.#echoes >= MOST_ECHOES;
      if (isUsed && isAnswered) this.#owner.sourceHas(user, tokens, isTold);
      const isNew = this.#owner.question?.token?.accessToken !== question.token?.accessToken;
      this.#echoes = isNew && !isOutdated ? 0 : this.#echoes + 1;
      this.#failures = isAnswered ? 0 : this.#failures + 1;
      if (isAnswered) {
        if (isOutdated) this.ask(isTold);
      } else if (isOutdated || !signal.aborted)
        // B16: whoever has come or gone is not to be found out only when the token is due.
        this.askIn(restAfter(answer));
      this.#owner.watch();
    };
    withDeadline<RefreshOutcome>(
      platform,
      refreshTimeout,
      () => {
        const answer = andThen(this.#supply.ask(question, signal), readAnswer);
        // B9: one that hangs is not asked again beside that, unless there is news. What it says at last may be old.
        const late = (ms: number) => signal.aborted && this.isOwed && this.askIn(ms);
        Promise.resolve(answer).then(
          () => late(0),
          (error) => late(restAfter(readFailure(error, platform.now()))),
        );
        return answer;
      },
      () => controller.abort(),
      ended,
      (error) => ended(readFailure(error, platform.now())),
    );
  }
}
