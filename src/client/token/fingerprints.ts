import { fingerprint } from "./fingerprint.ts";

/** Tokens that can be recognised, and not read (S1), by their fingerprints. */
export class Fingerprints {
  readonly #marks = new Set<number>();
  readonly #most: number;

  /** @param most how many are remembered, the last ones. Default: all */
  constructor(most = Number.POSITIVE_INFINITY) {
    this.#most = most;
  }

  add(token: string): void {
    const mark = fingerprint(token);
    this.#marks.delete(mark);
    this.#marks.add(mark);
    const [oldest] = this.#marks;
    if (this.#marks.size > this.#most && oldest !== undefined) this.#marks.delete(oldest);
  }

  has(token: string): boolean {
    return this.#marks.has(fingerprint(token));
  }

  clear(): void {
    this.#marks.clear();
  }
}
