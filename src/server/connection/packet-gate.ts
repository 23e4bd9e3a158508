import type { Socket } from "socket.io";

/** How many bytes and packets of a client are kept while it is not known whether they may be handled. */
const MOST_BYTES = 1_000_000;
const MOST_PACKETS = 10_000;

/** Private to Socket.IO. */
interface Receiving {
  _onpacket?(packet: unknown): void;
}

/**
 * Runs before everything that handles a client's packets: `onAny` listeners, acknowledgements, middlewares and listeners.
 */
export class PacketGate {
  readonly #socket: Socket;
  readonly #isClosed: () => boolean;
  #held: (() => void)[] | undefined;
  #bytes = 0;

  /** @param isClosed asked for each packet: one that comes when it is closed is dropped */
  constructor(socket: Socket, isClosed: () => boolean) {
    this.#socket = socket;
    this.#isClosed = isClosed;
    // Private, because `socket.use()` runs after `onAny()` and sees no acknowledgements. It is used if the private one is missing.
    const receiving: Receiving = socket as object;
    const { _onpacket } = receiving;
    if (_onpacket) receiving._onpacket = (packet) => this.#receive(() => _onpacket.call(socket, packet));
    else socket.use((_, next) => this.#receive(next));
  }

  /** Keeps packets until a promise has settled. If a client sends too many meanwhile, its transport is closed. */
  holdUntil(known: Promise<void>): void {
    this.#held = [];
    const count = (data: string | Buffer) => {
      this.#bytes += data.length;
    };
    this.#socket.conn.on("message", count);
    void known.finally(() => {
      const held = this.#held ?? [];
      this.#held = undefined;
      this.#socket.conn.off("message", count);
      for (const proceed of held) this.#receive(proceed);
    });
  }

  #receive(proceed: () => void): void {
    if (this.#isClosed()) return;
    if (!this.#held) {
      proceed();
      return;
    }
    this.#held.push(proceed);
    if (this.#bytes > MOST_BYTES || this.#held.length > MOST_PACKETS) {
      this.#held = [];
      // Not a DISCONNECT: the client comes back by itself, recovers, and is asked about again.
      this.#socket.conn.close();
    }
  }
}
