/** Lets a test wait for a condition, which is looked at whenever something has happened. */
export class Happenings {
  readonly #looks = new Set<() => void>();

  happened(): void {
    for (const look of [...this.#looks]) look();
  }

  /** Bounded by the test's own timeout. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!condition()) return;
        this.#looks.delete(look);
        resolve();
      };
      this.#looks.add(look);
      look();
    });
  }
}
