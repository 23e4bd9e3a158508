/**
 * Runs an asynchronous task after each change. Only one run is under way at a time; changes during a run cause one more. A
 * failed run is only logged, because the next change starts another.
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
