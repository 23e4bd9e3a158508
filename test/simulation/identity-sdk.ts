import type { TokenSet, TokenSource } from "authsocket";
import type { Choices } from "./choices.ts";
import type { Computer } from "./computer.ts";
import type { Journal } from "./journal.ts";
import type { Network, Sender } from "./network.ts";
import type { Answer } from "./rotating-server.ts";
import type { Scheduler } from "./scheduler.ts";
import type { User } from "./settings.ts";
import type { Tab } from "./tab.ts";

/** ms, at most, for an answer from its cache, and for its news to reach a tab. */
const [SLOWEST_LOOK, SLOWEST_NEWS] = [50, 300];

/** An identity SDK as all tabs have it: it keeps one set of tokens for them, and announces each renewal in every tab (B23). */
export class IdentitySdk {
  #tokens: TokenSet | undefined;
  /** An SDK knows its user, also where access tokens name nobody. */
  #user: User | undefined;
  /** Changes with each sign-in and sign-out. */
  #era = 0;
  readonly #listeners = new Map<() => void, Tab>();
  /** The renewal that is under way in each tab. */
  readonly #renewals = new Map<Tab, Promise<TokenSet | null>>();
  readonly #scheduler: Scheduler;
  readonly #choices: Choices;
  readonly #journal: Journal;
  readonly #computer: Computer;
  readonly #network: Network;

  constructor(
    { scheduler, choices, journal }: { scheduler: Scheduler; choices: Choices; journal: Journal },
    computer: Computer,
    network: Network,
  ) {
    this.#scheduler = scheduler;
    this.#choices = choices;
    this.#journal = journal;
    this.#computer = computer;
    this.#network = network;
  }

  /** Somebody has signed in; undefined: out. */
  hasUser(user: User | undefined, body?: Answer["body"]): void {
    this.#era++;
    this.#user = user;
    this.#keep(body);
  }

  /** @param sender the session that asks it */
  sourceOf(tab: Tab, sender: Sender): TokenSource {
    return {
      get: async ({ reason }) => {
        await this.#moment(tab);
        if (this.#choices.mishap(`${tab.name} SDK`, 0.02)) throw new Error("the SDK is not ready");
        const isCached = reason === "missing" || reason === "expiring";
        return isCached || !this.#tokens ? (this.#tokens ?? null) : this.#renew(tab, sender);
      },
      subscribe: (changed) => {
        const own = () => changed();
        this.#listeners.set(own, tab);
        return () => {
          this.#listeners.delete(own);
        };
      },
    };
  }

  #moment(tab: Tab): Promise<void> {
    const ms = this.#choices.delay(`${tab.name} SDK`, 1, SLOWEST_LOOK);
    return new Promise((resolve) => {
      this.#scheduler.schedule(ms, resolve, tab, `${tab.name} SDK`);
    });
  }

  #renew(tab: Tab, sender: Sender): Promise<TokenSet | null> {
    const running = this.#renewals.get(tab);
    if (running) return running;
    const renewal = this.#ask(tab, sender).finally(() => this.#renewals.delete(tab));
    this.#renewals.set(tab, renewal);
    return renewal;
  }

  async #ask(tab: Tab, sender: Sender): Promise<TokenSet | null> {
    const era = this.#era;
    const { status, body } = await this.#network.send(tab, { path: "refresh" }, { sender });
    if (status !== 200 && status !== 401) throw new Error(`the identity provider answers ${status}`);
    // What one user's renewal has brought is not the next one's.
    if (era === this.#era) this.#keep(status === 200 ? body : undefined);
    return this.#tokens ?? null;
  }

  #keep(body: Answer["body"] | undefined): void {
    const { token, expiresIn } = body ?? {};
    const life = expiresIn === undefined ? {} : { expiresAt: this.#computer.now() + expiresIn * 1_000 };
    this.#tokens = token === undefined ? undefined : { accessToken: token, subject: this.#user, ...life };
    for (const [listener, tab] of this.#listeners) {
      const hear = () => {
        if (!this.#listeners.has(listener)) return;
        this.#journal.note(tab.name, () => "hears news of its SDK");
        listener();
      };
      const ms = this.#choices.delay(`${tab.name} SDK news`, 3, SLOWEST_NEWS);
      this.#scheduler.schedule(ms, hear, tab, `${tab.name} SDK news`);
    }
  }
}
