import type { Scheduler } from "./scheduler.ts";

/** A rule that was broken. */
export interface Breach {
  rule: string;
  text: string;
}

/** What has happened, for those who read a failing run, and the first rule that was broken. */
export class Journal {
  readonly lines: string[] = [];
  breach: Breach | undefined;
  readonly #scheduler: Scheduler;
  readonly #isKept: boolean;

  /** @param isKept whether lines are wanted, which cost time */
  constructor(scheduler: Scheduler, isKept: boolean) {
    this.#scheduler = scheduler;
    this.#isKept = isKept;
  }

  note(who: string, text: () => string): void {
    if (!this.#isKept) return;
    const seconds = (this.#scheduler.time / 1000).toFixed(3);
    this.lines.push(`${seconds.padStart(9)} s  ${who.padEnd(8)} ${text()}`);
  }

  report(rule: string, text: string): void {
    if (this.breach) return;
    this.breach = { rule, text };
    this.note("BROKEN", () => `${rule}: ${text}`);
  }
}
