import { createHash } from "node:crypto";

/** After so many faults, while other tokens were verified, the token itself is the reason. */
const TOO_MANY = 3;

/** Tokens that are remembered: the latest. */
const REMEMBERED = 1_000;

interface Faults {
  count: number;
  /** How many verifications had succeeded before its first fault. */
  successesBefore: number;
}

/**
 * Distinguishes a token that cannot be verified from a server that cannot verify (V1). For example, some libraries throw a
 * TypeError whenever they verify an ES256 token with an RSA key, while all other tokens are verified.
 */
export class RepeatedFaults {
  /** By a hash: a token that is refused is not kept. */
  readonly #faults = new Map<string, Faults>();
  #successes = 0;

  verified(token: string): void {
    this.#successes++;
    if (this.#faults.size > 0) this.#faults.delete(hash(token));
  }

  /** @returns whether the token is to be refused for it */
  failed(token: string): boolean {
    const key = hash(token);
    const faults = this.#faults.get(key) ?? { count: 0, successesBefore: this.#successes };
    faults.count++;
    this.#faults.delete(key);
    this.#faults.set(key, faults);
    if (this.#faults.size > REMEMBERED) {
      for (const oldest of this.#faults.keys()) {
        this.#faults.delete(oldest);
        break;
      }
    }
    return faults.count >= TOO_MANY && this.#successes > faults.successesBefore;
  }
}

function hash(token: string): string {
  return createHash("sha256").update(token).digest("base64");
}
