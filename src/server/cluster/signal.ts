/** Wakes up the calls that wait for news from other nodes. */
export class Signal {
  readonly #waiting = new Set<() => void>();

  fire(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Resolves at the next news, and after so many ms at the latest. It does not keep the process alive. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms).unref();
      this.#waiting.add(wake);
    });
  }
}
