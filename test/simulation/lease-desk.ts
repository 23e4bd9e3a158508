import { type Lease, NO_LEASE } from "../../src/client/lease/lease.ts";
import type { LeaseDatabase } from "../../src/client/lease/lease-database.ts";
import type { Choices } from "./choices.ts";
import type { Journal } from "./journal.ts";
import type { Mishaps } from "./mishaps.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Tab } from "./tab.ts";

/** IndexedDB's part: transactions one after the other, each in a task of its tab, and news of them by BroadcastChannel. */
export class LeaseDesk {
  /** Told of each change, within its transaction. */
  onChange: (tab: Tab, lease: Lease, before: Lease) => void = () => {};
  readonly #leases = new Map<string, Lease>();
  readonly #listeners = new Map<() => void, { tab: Tab; name: string }>();
  readonly #scheduler: Scheduler;
  readonly #choices: Choices;
  readonly #mishaps: Mishaps;
  readonly #journal: Journal;

  constructor(scheduler: Scheduler, choices: Choices, mishaps: Mishaps, journal: Journal) {
    this.#scheduler = scheduler;
    this.#choices = choices;
    this.#mishaps = mishaps;
    this.#journal = journal;
  }

  /** The board as a tab sees it. */
  boardOf(tab: Tab): LeaseDatabase {
    return {
      update: (name, change) =>
        new Promise((resolve) => {
          const ms = this.#choices.delay(`${tab.name} lease`, 5, 400);
          this.#mishaps.at(tab, "lease", ms);
          const transact = () => {
            const before = this.#leases.get(name) ?? NO_LEASE;
            const lease = change(before);
            if (lease !== before) {
              this.#leases.set(name, lease);
              this.#journal.note(tab.name, () => `lease ${describe(lease)}`);
              this.onChange(tab, lease, before);
              this.#tell(name);
            }
            resolve(lease);
          };
          this.#scheduler.schedule(ms, transact, tab, `${tab.name} lease`);
        }),
      subscribe: (name, listener) => {
        const own = () => listener();
        this.#listeners.set(own, { tab, name });
        return () => {
          this.#listeners.delete(own);
        };
      },
      // Tabs crash here, which leaves no word.
      hold: () => () => {},
      isLeft: () => false,
    };
  }

  /** A BroadcastChannel tells the tab that posts, too. */
  #tell(name: string): void {
    for (const [listener, { tab, name: its }] of this.#listeners) {
      if (its !== name || this.#choices.mishap(`${tab.name} post lost`, 0.02)) continue;
      const hear = () => {
        if (this.#listeners.has(listener)) listener();
      };
      const ms = this.#choices.delay(`${tab.name} post`, 3, 300);
      this.#scheduler.schedule(ms, hear, tab, `${tab.name} post`);
    }
  }
}

function describe({ holder, generation, epoch, signedOut }: Lease): string {
  const turn = holder ? `is held by turn ${holder.slice(2, 6)}` : "is free";
  return `${turn}, generation ${generation}, epoch ${epoch}${signedOut ? ", signed out" : ""}`;
}
