import type { Manager } from "socket.io-client";

/** ms after its cause within which the end of the transport is taken to be its consequence. */
const WINDOW = 2_000;

/**
 * Reconnects at once, without Socket.IO's delay, where the end of the transport is no outage: it is replaced, or, T5, a server
 * has disconnected one namespace while packets for it were on their way, and closes the transport of them all, though the
 * siblings have done nothing wrong.
 */
export class FastReconnect {
  readonly #manager: Manager;
  #expectedAt = Number.NEGATIVE_INFINITY;

  constructor(manager: Manager) {
    this.#manager = manager;
  }

  /** The transport may end soon, and that is no outage. */
  expect(now: number): void {
    this.#expectedAt = now;
  }

  /** To be called in the Manager's "close": it works out the delay once everybody has heard of that. */
  closed(now: number): void {
    const isExpected = now - this.#expectedAt <= WINDOW;
    this.#expectedAt = Number.NEGATIVE_INFINITY;
    const delay = this.#manager.reconnectionDelay();
    if (!isExpected || delay === 0) return;
    this.#manager.reconnectionDelay(0);
    // By a promise: the fake timers of an app's tests hold back what queueMicrotask() is given.
    void Promise.resolve().then(() => {
      // B19: a listener of the app's may have set another.
      if (this.#manager.reconnectionDelay() === 0) this.#manager.reconnectionDelay(delay);
    });
  }
}
