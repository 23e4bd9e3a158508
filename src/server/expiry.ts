/** The longest that a timer can wait; what is longer fires at once (T19). */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * ms to which longer waits are cut; what is left is waited for when it fires. Node keeps a list of timers for each duration:
 * those of many connections share few lists, and are set and cleared at once.
 */
const GRAIN = 1_000;

export interface ExpiryEvents {
  /** It is time to give notice. */
  expiring(): void;
  expired(): void;
}

/** Watches over one connection's lifetime, by the wall clock, and holds no process open. */
export class Expiry {
  readonly #notice: number;
  readonly #events: ExpiryEvents;
  #timer: NodeJS.Timeout | undefined;

  /** @param notice ms before expiry; a lifetime that is not longer gets half of itself */
  constructor(notice: number, events: ExpiryEvents) {
    this.#notice = notice;
    this.#events = events;
  }

  /** Starts anew with another instant. */
  watch(expiresAt: number): void {
    this.stop();
    const lifetime = expiresAt - Date.now();
    const notice = this.#notice < lifetime ? this.#notice : lifetime / 2;
    this.#wait(expiresAt - notice, () => {
      this.#wait(expiresAt, () => this.#events.expired());
      this.#events.expiring();
    });
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #wait(instant: number, then: () => void): void {
    const left = Math.min(instant - Date.now(), LONGEST_TIMER);
    this.#timer = setTimeout(
      () => (Date.now() < instant ? this.#wait(instant, then) : then()),
      left < GRAIN ? left : left - (left % GRAIN),
    ).unref();
  }
}
