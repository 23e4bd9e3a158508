/**
 * Calls an asynchronous piece of work whenever something has changed: one at a time, and once more for all that has changed
 * meanwhile. A failure is only told, since the next change calls it again.
 */
export class Recount {
  readonly #work: () => Promise<void>;
  #working = false;
  #outdated = false;

  constructor(work: () => Promise<void>) {
    this.#work = work;
  }

  readonly changed = (): void => {
    this.#outdated = true;
    if (!this.#working) void this.#run();
  };

  async #run(): Promise<void> {
    this.#working = true;
    while (this.#outdated) {
      this.#outdated = false;
      await this.#work().catch((error: Error) => console.error(`Recount: ${String(error)}`));
    }
    this.#working = false;
  }
}
