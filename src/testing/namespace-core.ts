import type { Access } from "./accounts.ts";
import { Listeners } from "./events.ts";
import { ServerSocket, type ServerSocketContext } from "./server-socket.ts";
import { globalClock } from "./time/clock.ts";
import type { Engine, Refused } from "./wire/engine.ts";

/** What a namespace needs of its server. */
export interface NamespaceContext {
  /** Whose the token of a renewal is, or why it is refused. */
  renew(token: unknown, namespace: string): Access | Refused;
  settled(): Promise<void>;
  /** The clients and their states, for people. */
  describe(): string;
}

/** An event that was sent, with its arguments. */
export interface SentEvent {
  name: string;
  args: unknown[];
}

/** A namespace as the server has it inside: its sockets, its listeners, and what was sent. */
export class NamespaceCore {
  readonly name: string;
  readonly context: NamespaceContext;
  /** Those that are connected, in the order in which they connected. */
  readonly sockets = new Set<ServerSocket>();
  readonly listeners = new Listeners();
  /** What the app has sent. */
  readonly received: SentEvent[] = [];
  /** What the server has sent. */
  readonly sent: SentEvent[] = [];
  readonly #socketContext: ServerSocketContext;

  constructor(name: string, context: NamespaceContext) {
    this.name = name;
    this.context = context;
    this.#socketContext = {
      name,
      clock: globalClock,
      hasProtocol: true,
      verify: (token) => context.renew(token, name),
      connected: (socket) => {
        this.sockets.add(socket);
        this.listeners.call("connection", [socket]);
      },
      disconnected: (socket) => this.sockets.delete(socket),
      heard: (event, args, acknowledge) => {
        this.received.push({ name: event, args });
        // As in Socket.IO, these listeners are called with sockets only, whatever the app sends.
        if (event === "connection") return;
        this.listeners.call(event, acknowledge ? [...args, acknowledge] : args);
      },
      said: (event, args) => this.sent.push({ name: event, args }),
    };
  }

  /**
   * Makes the server's end of a client that was admitted. The client hears of it by `welcome()`.
   *
   * @param access undefined for a guest
   */
  admit(engine: Engine, access: Access | undefined): ServerSocket {
    return new ServerSocket(engine, this.#socketContext, access);
  }
}
