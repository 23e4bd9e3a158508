/** Verifications that one socket may cause at once. */
const BURST = 8;

/** Verifications a second that it may cause beyond. */
const RATE = 2;

/** What one socket may make `verify` do (V4): a client that keeps the protocol renews a few times an hour. */
export class VerifyBudget {
  #left = BURST;
  #at = Date.now();

  /** @returns whether one more is within it */
  take(): boolean {
    const now = Date.now();
    // A clock that is set back gives nothing, one that is set forward a burst at most.
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
