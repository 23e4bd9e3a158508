import { fingerprint } from "./fingerprint.ts";

/** How many are remembered. */
const MOST = 64;

/** Tokens that can be recognised, and not read (S1): the last ones, by their fingerprints. */
export class Fingerprints {
  readonly #marks = new Set<number>();

  add(token: string): void {
    const mark = fingerprint(token);
    this.#marks.delete(mark);
    this.#marks.add(mark);
    const [oldest] = this.#marks;
    if (this.#marks.size > MOST && oldest !== undefined) this.#marks.delete(oldest);
  }

  has(token: string): boolean {
    return this.#marks.has(fingerprint(token));
  }

  clear(): void {
    this.#marks.clear();
  }
}
