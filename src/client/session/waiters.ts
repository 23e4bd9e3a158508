import { onAbort } from "../abort.ts";
import type { AuthSocketError } from "../errors.ts";
import type { Reactions } from "../reactions.ts";

/** A call that waits for a session. */
export interface Waiter {
  /** a token; one that is still to come; the word whether somebody is signed in */
  readonly wants: "token" | "fresh" | "ready";
  /** B16: a token that was asked for by one user is not answered with another's */
  readonly user: number;
}

type Answer = string | AuthSocketError;

/** The calls that wait for a token, or for the answer that nobody is signed in. */
export class Waiters {
  readonly #reactions: Reactions;
  readonly #changed: () => void;
  readonly #answers = new Map<Waiter, (answer: Answer) => void>();

  /** @param changed called when a call no longer waits */
  constructor(reactions: Reactions, changed: () => void) {
    this.#reactions = reactions;
    this.#changed = changed;
  }

  get isEmpty(): boolean {
    return this.#answers.size === 0;
  }

  get wantFresh(): boolean {
    return [...this.#answers.keys()].some(({ wants }) => wants === "fresh");
  }

  /** @throws what it is answered, where that is no token; the signal's reason */
  add(
    waiter: Waiter,
    resolve: (token: string) => void,
    reject: (error: unknown) => void,
    signal: AbortSignal | undefined,
  ): void {
    const end = onAbort(signal, (reason) => {
      this.#answers.delete(waiter);
      this.#changed();
      reject(reason);
    });
    this.#answers.set(waiter, (answer) => {
      end();
      if (typeof answer === "string") resolve(answer);
      else reject(answer);
    });
  }

  /** @param answerTo what each waiting call is told; undefined: it goes on waiting */
  answer(answerTo: (waiter: Waiter) => Answer | undefined): void {
    for (const [waiter, settle] of this.#answers) {
      const answer = answerTo(waiter);
      if (answer === undefined) continue;
      this.#answers.delete(waiter);
      // Told behind the listeners, so that whoever waits finds the public state that it waited for.
      this.#reactions.tell(() => settle(answer));
    }
    this.#changed();
  }
}
