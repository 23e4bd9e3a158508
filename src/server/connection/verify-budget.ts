/** How many verifications one socket may cause at once. */
const BURST = 8;

/** How many more it may cause a second. */
const RATE = 2;

/** Limits how often one socket may make `verify` run (V4). A client that follows the protocol renews a few times an hour. */
export class VerifyBudget {
  #left = BURST;
  #at = Date.now();

  /** @returns whether one more is within it */
  take(): boolean {
    const now = Date.now();
    // If the clock is set back, this adds nothing. If it is set forward, it adds one burst at most.
    const elapsed = Math.max(0, now - this.#at);
    this.#left = Math.min(BURST, this.#left + (elapsed / 1_000) * RATE);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}

/** ms after which there is room for one more. */
export const NEXT_TURN = 1_000 / RATE;
