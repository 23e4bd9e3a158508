import type { Socket } from "socket.io-client";

/** How long, in ms, and how often a socket was not connected, from now on. */
export class Absence {
  disconnects = 0;
  /** when it was first disconnected: ms since the epoch; Infinity if it never was */
  since = Number.POSITIVE_INFINITY;
  #away: number | undefined;
  #sum = 0;

  constructor(socket: Socket) {
    socket.on("disconnect", () => {
      this.disconnects++;
      this.since = Math.min(this.since, Date.now());
      this.#away ??= performance.now();
    });
    socket.on("connect", () => {
      this.#sum = this.time;
      this.#away = undefined;
    });
  }

  get time(): number {
    return this.#sum + (this.#away === undefined ? 0 : performance.now() - this.#away);
  }
}
