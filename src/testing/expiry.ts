/** T19: a timer of more ms fires at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** ms before the cut at which notice is given; a tenth of the lifetime where that is less. */
const NOTICE = 10_000;

/** Watches over what is left of a connection's token, by the global timers as they are at the time. */
export class Expiry {
  readonly #expiring: () => void;
  readonly #expired: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(expiring: () => void, expired: () => void) {
    this.#expiring = expiring;
    this.#expired = expired;
  }

  /** Starts anew with another instant, in ms since the epoch. */
  watch(expiresAt: number): void {
    const left = expiresAt - Date.now();
    this.#wait(expiresAt - Math.min(NOTICE, left / 10), () => {
      this.#wait(expiresAt, this.#expired);
      this.#expiring();
    });
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #wait(instant: number, then: () => void): void {
    this.stop();
    const look = () => (Date.now() < instant ? this.#wait(instant, then) : then());
    this.#timer = setTimeout(look, Math.min(Math.max(instant - Date.now(), 0), LONGEST_TIMER));
  }
}
