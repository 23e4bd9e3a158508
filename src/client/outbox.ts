import type { Socket } from "socket.io-client";

type Acknowledge = (...answer: unknown[]) => void;

/** What leaves a Socket, for the engine swap: emits can be kept back, and it is known what awaits its acknowledgement. */
export class Outbox {
  readonly #socket: Socket;
  readonly #emit: Socket["emit"];
  /** Socket.IO's `retries` is on: a queue that sends its next event when the server has acknowledged the last. */
  readonly #queues: boolean;
  /** In the order of sending. */
  #unacknowledged = new Set<Promise<void>>();
  #isHeld = false;
  #isVolatile = false;

  constructor(socket: Socket, queues: boolean) {
    this.#socket = socket;
    this.#emit = socket.emit;
    this.#queues = queues;
    const emit = (...args: Parameters<Socket["emit"]>) => this.#send(args);
    const volatile = () => {
      this.#isVolatile = true;
      return Reflect.get(Object.getPrototypeOf(socket), "volatile", socket);
    };
    Object.defineProperties(socket, {
      emit: { value: emit, configurable: true, writable: true },
      volatile: { get: volatile, configurable: true },
    });
  }

  /** From now on emits are buffered. Resolves when what was sent before has been acknowledged. */
  hold(): Promise<unknown> {
    this.#isHeld = true;
    const sent = this.#socket.connected ? [...this.#unacknowledged] : [];
    return Promise.all(this.#queues ? sent.slice(0, 1) : sent);
  }

  release(): void {
    this.#isHeld = false;
    // What has waited in vain is not waited for again.
    if (!this.#queues) this.#unacknowledged = new Set();
  }

  /** Gives the Socket its own back. */
  dispose(): void {
    for (const name of ["emit", "volatile"]) Reflect.deleteProperty(this.#socket, name);
  }

  #send(args: Parameters<Socket["emit"]>): Socket {
    const socket = this.#socket;
    const { connected } = socket;
    this.#watch(args);
    if (!this.#isHeld || !connected) return this.#emit.apply(socket, args);
    // Only what is emitted: what arrives meanwhile is handed on as ever.
    socket.connected = false;
    try {
      return this.#emit.apply(socket, args);
    } finally {
      socket.connected = connected;
      // T12: what the queue sends meanwhile it sends once more with the next connection; what else is here is volatile.
      if (this.#queues) socket.sendBuffer = [];
    }
  }

  #watch(args: unknown[]): void {
    const isVolatile = this.#isVolatile;
    this.#isVolatile = false;
    const last = args.at(-1);
    if (typeof last === "function") {
      // The queue waits for no volatile event.
      if (!(this.#queues && isVolatile)) args[args.length - 1] = this.#watched(last as Acknowledge);
    } else if (this.#queues && !isVolatile) {
      // The queue asks for an acknowledgement itself: the server notices nothing of this one.
      args.push(this.#watched(() => {}));
    }
  }

  #watched(acknowledge: Acknowledge): Acknowledge {
    let resolve = () => {};
    const acknowledged = new Promise<void>((settle) => {
      resolve = settle;
    });
    this.#unacknowledged.add(acknowledged);
    const watched: Acknowledge = (...answer) => {
      this.#unacknowledged.delete(acknowledged);
      resolve();
      acknowledge.apply(this.#socket, answer);
    };
    // Socket.IO marks those that take an error.
    return Object.assign(watched, acknowledge);
  }
}
