import type { TokenSet, TokenStore } from "authsocket";
import type { Choices } from "./choices.ts";
import type { Journal } from "./journal.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Tab } from "./tab.ts";

/** ms for which a store fails, at most, where it fails for more than one call. */
const LONGEST = 10_000;

type WebStorage = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** The calls of a tab's token store that fail: one, or all of them for a while. */
export class StoreFaults {
  readonly #tab: Tab;
  readonly #scheduler: Scheduler;
  readonly #choices: Choices;
  readonly #journal: Journal;
  /** when a call failed last, in ms of the scheduler */
  failedAt = Number.NEGATIVE_INFINITY;
  /** Whether it could not be read when it was read last. */
  isUnreadable = false;
  /** Whether tokens could not be written the last time. */
  isUnwritable = false;
  readonly #lost: (tokens: TokenSet | undefined) => void;
  #until = 0;

  /** @param lost called with the tokens that could not be written; undefined: a sign-out */
  constructor(
    tab: Tab,
    { scheduler, choices, journal }: { scheduler: Scheduler; choices: Choices; journal: Journal },
    lost: (tokens: TokenSet | undefined) => void,
  ) {
    this.#lost = lost;
    this.#tab = tab;
    this.#scheduler = scheduler;
    this.#choices = choices;
    this.#journal = journal;
  }

  /** A storage that may fail in the midst of a call of the store. */
  storage(area: WebStorage): WebStorage {
    return {
      getItem: (key) => this.#run("getItem", () => area.getItem(key)),
      setItem: (key, value) => this.#run("setItem", () => area.setItem(key, value)),
      removeItem: (key) => this.#run("removeItem", () => area.removeItem(key)),
    };
  }

  /** @param how what a call does that fails */
  store(store: TokenStore, how: "throws" | "rejects"): TokenStore {
    const call = <T>(method: string, run: () => T | Promise<T>, failed = () => {}): T | Promise<T> => {
      try {
        return this.#run(method, run);
      } catch (error) {
        failed();
        if (how === "rejects") return Promise.reject(error);
        throw error;
      }
    };
    return {
      ...store,
      load: () => {
        this.isUnreadable = false;
        const failed = () => {
          this.isUnreadable = true;
        };
        return call("load", () => store.load(), failed);
      },
      save: (tokens) => {
        this.isUnwritable = false;
        const failed = () => {
          this.isUnwritable = true;
          this.#lost(tokens);
        };
        return call("save", () => store.save(tokens), failed);
      },
      clear: (signedOut) =>
        call(
          "clear",
          () => store.clear(signedOut),
          () => this.#lost(undefined),
        ),
      signedOut: () => call("signedOut", () => store.signedOut?.() ?? false),
    };
  }

  #run<T>(method: string, run: () => T): T {
    const { time } = this.#scheduler;
    const name = this.#choices.mishap(`${this.#tab.name} ${method}`, 0.01);
    if (name && this.#choices.share(`${name} while`) < 0.3) {
      this.#until = time + this.#choices.share(`${name} ms`) * LONGEST;
    }
    if (name || (time < this.#until && !this.#choices.isCalm)) {
      this.failedAt = time;
      this.#journal.note(this.#tab.name, () => `${method} fails`);
      throw new Error(`${method} fails`);
    }
    return run();
  }
}
