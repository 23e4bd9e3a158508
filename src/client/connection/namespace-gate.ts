import { type Manager, Socket } from "socket.io-client";
import type { Platform } from "../platform/platform.ts";
import { CONNECT, CONNECT_ERROR, DISCONNECT } from "./packet.ts";

/** ms after which a server has taken in a DISCONNECT. It takes a CONNECT that comes together with one for a second one. */
const SETTLE = 50;

/**
 * Lets a namespace be opened when neither an unanswered CONNECT nor a closing Manager stands in its way.
 *
 * T4: a second CONNECT for a namespace whose first one is unanswered costs the engine of all its siblings. T11: an engine
 * that is opened in the midst of the Manager's "close" is never reconnected later, since the Manager goes on to schedule a
 * reconnect that finds it open.
 */
export class NamespaceGate {
  readonly namespace: string;
  #socket: Socket | undefined;
  readonly #platform: Platform;
  /** The engine on which a CONNECT of this Socket is unanswered. */
  #unanswered: Manager["engine"] | undefined;
  /** The Manager is telling of its close. */
  #closing: Promise<void> | undefined;
  /** The namespace is to be opened when the way is free. */
  #isWaiting = false;

  constructor(namespace: string, platform: Platform) {
    this.namespace = namespace;
    this.#platform = platform;
  }

  /** From now on, for that Socket of the namespace. */
  serve(socket: Socket): void {
    this.#socket = socket;
  }

  /** Whether a CONNECT is under way. */
  get isUnanswered(): boolean {
    return !!this.#unanswered;
  }

  /** @returns whether an earlier CONNECT is still unanswered */
  open(): boolean {
    this.#isWaiting = !!(this.#unanswered || this.#closing);
    if (!this.#isWaiting) Socket.prototype.connect.call(this.#socket);
    return this.isUnanswered;
  }

  /**
   * A Socket that Socket.IO has let go of needs no closing.
   *
   * @param socket which may have been disposed of, and have a successor by now
   */
  close(socket: Socket): void {
    if (socket === this.#socket) this.#isWaiting = false;
    if (socket.active) Socket.prototype.disconnect.call(socket);
  }

  /** A CONNECT goes out. */
  sent(): void {
    this.#unanswered = this.#socket?.io.engine;
  }

  /** The server has answered it. */
  answered(): void {
    this.#unanswered = undefined;
    this.#goOn();
  }

  /** The Manager is telling of its close. */
  closed(): void {
    this.#unanswered = undefined;
    this.#closing ??= Promise.resolve().then(() => {
      this.#closing = undefined;
      this.#goOn();
    });
  }

  /** An answer of the server's that Socket.IO hands to nobody, since the Socket has left meanwhile; or a DISCONNECT as one. */
  heard(type: number): void {
    const socket = this.#socket;
    if (!this.#unanswered || !socket) return;
    if (type === DISCONNECT) this.#settle(this.#unanswered);
    else if (socket.active) return;
    else if (type === CONNECT) {
      // Connected after all. Only now does the server understand a DISCONNECT; a stand-in sends it, and the app hears nothing.
      const ghost = new Socket(socket.io, this.namespace);
      ghost.connected = true;
      ghost.disconnect();
      this.#settle(this.#unanswered);
    } else if (type === CONNECT_ERROR) this.answered();
  }

  #settle(engine: Manager["engine"]): void {
    this.#platform.setTimeout(() => {
      if (this.#unanswered === engine) this.answered();
    }, SETTLE);
  }

  #goOn(): void {
    if (this.#isWaiting) this.open();
  }
}
