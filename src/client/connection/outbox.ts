import type { Socket } from "socket.io-client";
import { unsent } from "./socket-errors.ts";
import type { SocketPatch } from "./socket-patch.ts";

/**
 * What the app has emitted and the server has not been sent, and whose it is: nothing of one user's reaches the next (B16),
 * nothing of a user's is sent by a guest, and what a guest has typed is the user's to send (B21).
 */
export class Outbox {
  readonly #socket: Socket;
  readonly #patch: SocketPatch;
  /** What a user has left unsent whose session has expired. It is not in the Socket's buffer while a guest is connected. */
  #aside: { user: number; packets: Socket["sendBuffer"] } | undefined;

  constructor(socket: Socket, patch: SocketPatch) {
    this.#socket = socket;
    this.#patch = patch;
  }

  /** Gives everything up, and rejects whoever waits for an answer. */
  discard(error: Error): void {
    this.#patch.rejectPending(error);
    this.#aside = undefined;
    this.#socket.sendBuffer = [];
    this.#socket.receiveBuffer = [];
  }

  /** Kept apart until somebody signs in, and sent or dropped then (B16, B17). */
  setAside(user: number): void {
    this.#aside ??= { user, packets: this.#socket.sendBuffer };
    this.#socket.sendBuffer = [];
    this.#socket.receiveBuffer = [];
  }

  /** Somebody has signed in. What a guest has still to send stays. */
  restore(user: number): void {
    const aside = this.#aside;
    if (!aside) return;
    this.#aside = undefined;
    if (aside.user === user) this.#putBack(aside.packets);
    else {
      this.#takeOut(aside.packets);
      this.#patch.lost(unsent("user_changed"));
    }
  }

  /** The connection is gone. Socket.IO forgets the acknowledgements of what is not in its buffer. */
  lost(): void {
    if (this.#aside) this.#putBack(this.#aside.packets);
    this.#patch.lost();
  }

  /** A guest is about to connect. */
  withhold(): void {
    if (this.#aside) this.#takeOut(this.#aside.packets);
  }

  #putBack(packets: Socket["sendBuffer"]): void {
    this.#takeOut(packets);
    // Private, and renamed by no build: one whose `timeout()` has run out is not sent any more.
    const { acks } = this.#socket as unknown as { acks: object };
    const awaited = packets.filter(({ id }) => id === undefined || id in acks);
    this.#socket.sendBuffer.unshift(...awaited);
  }

  #takeOut(packets: Socket["sendBuffer"]): void {
    this.#socket.sendBuffer = this.#socket.sendBuffer.filter((packet) => !packets.includes(packet));
  }
}
