import type { Choices } from "./choices.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Tab } from "./tab.ts";

/** What can befall a tab in the midst of something that it awaits. */
export class Mishaps {
  readonly #scheduler: Scheduler;
  readonly #choices: Choices;

  constructor(scheduler: Scheduler, choices: Choices) {
    this.#scheduler = scheduler;
    this.#choices = choices;
  }

  /**
   * @param ms within which it happens
   * @param probability whether it does
   */
  at(tab: Tab, place: string, ms: number, probability = 0.02): void {
    const name = this.#choices.mishap(`${tab.name} mishap at ${place}`, probability);
    if (!name) return;
    this.#scheduler.schedule(this.#choices.share(`${name} when`) * ms, () => {
      if (this.#choices.share(`${name} crash`) < 0.2) tab.crash();
      else this.freeze(tab, name);
    });
  }

  /** For anything between moments and more than a token's life, most often about as long as others wait. */
  freeze(tab: Tab, name: string): void {
    tab.freeze();
    const share = this.#choices.share(`${name} how long`);
    const ms = share < 0.8 ? 300 + share * 20_000 : share * 40_000;
    this.#scheduler.schedule(ms, () => tab.thaw());
  }
}
