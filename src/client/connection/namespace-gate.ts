import { type Manager, Socket } from "socket.io-client";
import type { Platform } from "../platform/platform.ts";
import { CONNECT, CONNECT_ERROR, DISCONNECT } from "./packet.ts";

/**
 * ms after which a server has taken in a DISCONNECT, twice: a timer that has run out while everything stood still says little.
 * It takes a CONNECT that comes together with a DISCONNECT for a second one.
 */
const SETTLE = 25;

/**
 * Lets a namespace be opened when neither an unanswered CONNECT nor a closing Manager stands in its way.
 *
 * T4: a second CONNECT for a namespace whose first one is unanswered costs the engine of all its siblings. T11: an engine
 * that is opened in the midst of the Manager's "close" or "error" is never reconnected later, since the Manager goes on to schedule a
 * reconnect that finds it open.
 */
export class NamespaceGate {
  readonly namespace: string;
  #socket: Socket | undefined;
  #open: () => void = () => {};
  readonly #platform: Platform;
  /** Whether the Manager is telling of its close. */
  readonly #isClosing: () => boolean;
  /** The engine on which a CONNECT is unanswered, or a DISCONNECT may not have been taken in yet. */
  #unanswered: Manager["engine"] | undefined;
  /** Whom the last CONNECT on this engine was for, and whether the one before it was for another (B16). */
  #user: number | undefined;
  #isAnothers = false;
  /** A connection was left on this engine, and the server's own DISCONNECT for it may be under way still (B14). */
  #isLeft = false;
  /** Rings once the server has taken in a DISCONNECT. */
  #settling: unknown;
  /** The namespace is to be opened when the way is free. */
  #isWaiting = false;

  constructor(namespace: string, platform: Platform, isClosing: () => boolean) {
    this.namespace = namespace;
    this.#platform = platform;
    this.#isClosing = isClosing;
  }

  /** Whether it stands in the way of the next Socket of the namespace. */
  get isShut(): boolean {
    return !!this.#unanswered || this.#isClosing();
  }

  /**
   * From now on, for that Socket of the namespace.
   *
   * @param open opens it, where it has waited for its way
   */
  serve(socket: Socket, open: () => void): void {
    this.#socket = socket;
    this.#open = open;
    this.#isWaiting = false;
  }

  /**
   * @returns whether an earlier CONNECT, or the DISCONNECT that followed, is still on its way
   * @throws what a transport of the app's has thrown
   */
  open(): boolean {
    const isUnanswered = !!this.#unanswered;
    this.#isWaiting = this.isShut;
    if (!this.#isWaiting) Socket.prototype.connect.call(this.#socket);
    return isUnanswered;
  }

  /**
   * A Socket that Socket.IO has let go of needs no closing.
   *
   * @param socket which may have been disposed of, and have a successor by now
   */
  close(socket: Socket): void {
    if (socket === this.#socket) this.#isWaiting = false;
    if (!socket.active) return;
    const { engine } = socket.io;
    const isLeft = socket.connected && engine.readyState === "open";
    // Already now: a listener of its "disconnect" may connect (B11).
    if (isLeft) this.#unanswered = engine;
    // B16: a plain Socket's connection was nobody's whom the session knows.
    if (isLeft) this.#user ??= Number.NaN;
    try {
      Socket.prototype.disconnect.call(socket);
    } finally {
      // Also where a callback of the app's has thrown (B9). A sibling keeps the engine open, and a CONNECT right behind the
      // DISCONNECT would cost it.
      if (isLeft && this.#unanswered && engine.readyState === "open") this.#leave(engine);
    }
  }

  /**
   * A CONNECT goes out.
   *
   * @param user the id of the user, negative for a guest
   */
  sent(user: number): void {
    this.#isAnothers = this.#user !== undefined && this.#user !== user;
    this.#user = user;
    this.#platform.clearTimeout(this.#settling);
    this.#unanswered = this.#socket?.io.engine;
  }

  /** The server has answered it. */
  #answered(): void {
    this.#unanswered = undefined;
    this.goOn();
  }

  /** The engine is gone, and with it what it was asked. */
  closed(): void {
    this.#platform.clearTimeout(this.#settling);
    this.#unanswered = undefined;
    this.#user = undefined;
    this.#isLeft = false;
  }

  /**
   * The server's answer, before Socket.IO hands it to the Socket; to nobody, where that has left meanwhile.
   *
   * @returns whether the Socket is to hear nothing of it: it was for the connection that was left
   */
  heard(type: number): boolean {
    const socket = this.#socket;
    const isLeft = this.#isLeft && type === DISCONNECT;
    if (type === DISCONNECT || type === CONNECT || type === CONNECT_ERROR) this.#isLeft = false;
    if (isLeft || !this.#unanswered || !socket) return isLeft;
    if (type === DISCONNECT) this.#settle(this.#unanswered);
    else if (type === CONNECT && !socket.active) {
      // Connected after all. Only now does the server understand a DISCONNECT; a stand-in sends it, and the app hears nothing.
      const ghost = new Socket(socket.io, this.namespace);
      ghost.connected = true;
      ghost.disconnect();
      this.#leave(this.#unanswered);
    } else if (type === CONNECT || type === CONNECT_ERROR) {
      // B16: what came before it was sent to the previous user, before the server heard that they have left.
      if (this.#isAnothers) socket.receiveBuffer = [];
      this.#answered();
    }
    return false;
  }

  #leave(engine: Manager["engine"]): void {
    this.#isLeft = true;
    this.#settle(engine);
  }

  #settle(engine: Manager["engine"], last: unknown = engine.writeBuffer.slice(-1)[0], waits = 2): void {
    this.#platform.clearTimeout(this.#settling);
    this.#unanswered = engine;
    this.#settling = this.#platform.setTimeout(() => {
      // By polling, what was sent before may be under way still.
      const isUnderWay = (engine.writeBuffer as unknown[]).includes(last);
      if (isUnderWay || waits > 1) this.#settle(engine, last, isUnderWay ? 2 : waits - 1);
      else if (this.#unanswered === engine) this.#answered();
    }, SETTLE);
  }

  /** The way may be free. */
  goOn(): void {
    if (this.#isWaiting) this.#open();
  }
}
