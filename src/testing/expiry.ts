import { noticeOf } from "../server/connection/notice.ts";
import type { Clock } from "./time/clock.ts";
import { LONGEST_TIMER } from "./time/delay.ts";

/** Watches over what is left of a connection's token. */
export class Expiry {
  readonly #clock: Clock;
  readonly #expiring: () => void;
  readonly #expired: () => void;
  #timer: unknown;

  constructor(clock: Clock, expiring: () => void, expired: () => void) {
    this.#clock = clock;
    this.#expiring = expiring;
    this.#expired = expired;
  }

  /** Starts anew with another instant, in ms since the epoch. */
  watch(expiresAt: number): void {
    const left = expiresAt - this.#clock.now();
    this.#wait(expiresAt - noticeOf(left), () => {
      this.#wait(expiresAt, this.#expired);
      this.#expiring();
    });
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
  }

  #wait(instant: number, then: () => void): void {
    this.stop();
    const look = () => (this.#clock.now() < instant ? this.#wait(instant, then) : then());
    const left = Math.max(instant - this.#clock.now(), 0);
    this.#timer = this.#clock.setTimeout(look, Math.min(left, LONGEST_TIMER));
  }
}
