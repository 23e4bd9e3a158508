import type { Manager } from "socket.io-client";

/** ms after a DISCONNECT within which the end of the transport is taken to be its consequence. */
const WINDOW = 2_000;

/**
 * T5: a server that disconnects one namespace while packets for it are on their way closes the transport of them all. The
 * siblings have done nothing wrong, and come back at once, without Socket.IO's delay.
 */
export class FastReconnect {
  readonly #manager: Manager;
  #disconnectedAt = Number.NEGATIVE_INFINITY;

  constructor(manager: Manager) {
    this.#manager = manager;
  }

  /** The server has disconnected a namespace. */
  disconnected(now: number): void {
    this.#disconnectedAt = now;
  }

  /** To be called in the Manager's "close": it works out the delay once everybody has heard of that. */
  closed(now: number): void {
    const isConsequence = now - this.#disconnectedAt <= WINDOW;
    this.#disconnectedAt = Number.NEGATIVE_INFINITY;
    const delay = this.#manager.reconnectionDelay();
    if (!isConsequence || delay === 0) return;
    this.#manager.reconnectionDelay(0);
    queueMicrotask(() => this.#manager.reconnectionDelay(delay));
  }
}
