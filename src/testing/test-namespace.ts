import type { DefaultEventsMap, EventsMap } from "authsocket";
import { userRoom } from "../server/user-room.ts";
import type { Access } from "./accounts.ts";
import { type EventArguments, type EventData, type EventName, type Listener, Listeners } from "./events.ts";
import { ServerSocket, type ServerSocketContext } from "./server-socket.ts";
import type { TestSocket } from "./test-socket.ts";
import { globalClock } from "./time/clock.ts";
import type { Engine, Refused } from "./wire/engine.ts";

/** What a namespace needs of its server. */
export interface NamespaceContext {
  /** @param admit makes the server's end of a client that was admitted, who hears of it by `welcome()` */
  opened(admit: (engine: Engine, access: Access | undefined) => ServerSocket): void;
  verify(token: unknown, namespace: string): Access | Refused;
  settled(): Promise<void>;
  /** The clients and their states, for people. */
  describe(): string;
}

/** Some sockets of a namespace. */
export interface Room<Emit extends EventsMap = DefaultEventsMap> {
  emit<Event extends EventName<Emit>>(event: Event, ...args: EventArguments<Emit, Event>): void;
}

interface Event {
  name: string;
  args: unknown[];
}

/**
 * One namespace of the server in memory.
 *
 * @typeParam Listen what the app sends
 * @typeParam Emit what the server sends
 */
export class TestNamespace<
  Listen extends EventsMap = DefaultEventsMap,
  Emit extends EventsMap = DefaultEventsMap,
> {
  readonly name: string;
  readonly #context: NamespaceContext;
  readonly #sockets = new Set<ServerSocket>();
  readonly #listeners = new Listeners();
  readonly #received: Event[] = [];
  readonly #sent: Event[] = [];
  /** How many of each event `next()` has answered. */
  readonly #answered = new Map<string, number>();

  constructor(name: string, context: NamespaceContext) {
    this.name = name;
    this.#context = context;
    const socketContext: ServerSocketContext = {
      name,
      clock: globalClock,
      hasProtocol: true,
      verify: (token) => context.verify(token, name),
      connected: (socket) => {
        this.#sockets.add(socket);
        this.#listeners.call("connection", [socket]);
      },
      disconnected: (socket) => this.#sockets.delete(socket),
      heard: (event, args, acknowledge) => {
        this.#received.push({ name: event, args });
        this.#listeners.call(event, acknowledge ? [...args, acknowledge] : args);
      },
      said: (event, args) => this.#sent.push({ name: event, args }),
    };
    context.opened((engine, access) => new ServerSocket(engine, socketContext, access));
  }

  /** The connected sockets, in the order in which they connected. */
  get sockets(): TestSocket<Listen, Emit>[] {
    return [...this.#sockets] as unknown as TestSocket<Listen, Emit>[];
  }

  /** With `"connection"`, calls the listener with each socket that connects. */
  on(event: "connection", listener: (socket: TestSocket<Listen, Emit>) => void): this;
  /** Calls the listener with the arguments of each such event from any socket, and with an acknowledgement function if the app wants one. */
  on<Event extends EventName<Listen>>(event: Event, listener: Listen[Event]): this;
  on(event: string, listener: Listener): this {
    this.#listeners.add(event, listener);
    return this;
  }

  /** Removes a listener, or all listeners of that event. */
  off(event: EventName<Listen> | "connection", listener?: Listener): this {
    this.#listeners.remove(event, listener);
    return this;
  }

  /** Sends an event to every connected socket of this namespace. */
  emit<Event extends EventName<Emit>>(event: Event, ...args: EventArguments<Emit, Event>): this {
    for (const socket of this.sockets) socket.emit(event, ...args);
    return this;
  }

  /** The sockets that are in a room. */
  to(room: string): Room<Emit> {
    return {
      emit: (event, ...args) => {
        for (const socket of this.sockets) if (socket.rooms.has(room)) socket.emit(event, ...args);
      },
    };
  }

  /** The sockets of one user. */
  toUser(subject: string): Room<Emit> {
    return this.to(userRoom(subject));
  }

  /** Returns the arguments of each such event from the app, in order. */
  received<Event extends EventName<Listen>>(event: Event): EventData<EventArguments<Listen, Event>>[] {
    return argumentsOf(this.#received, event);
  }

  /** Returns the arguments of each such event to the app, in order. An event to several sockets counts once for each. */
  sent<Event extends EventName<Emit>>(event: Event): EventData<EventArguments<Emit, Event>>[] {
    return argumentsOf(this.#sent, event);
  }

  /**
   * Returns the arguments of the next such event from the app: the first one that `next()` has not returned yet.
   *
   * @throws Error if all is settled and no such event has come. It lists what has come
   */
  async next<Event extends EventName<Listen>>(
    event: Event,
  ): Promise<EventData<EventArguments<Listen, Event>>> {
    const answered = this.#answered.get(event) ?? 0;
    this.#answered.set(event, answered + 1);
    if (this.received(event).length <= answered) await this.#context.settled();
    const args = this.received(event)[answered];
    if (args) return args;
    this.#answered.set(event, answered);
    const again = answered > 0 ? ` after the ${answered} that next() has returned` : "";
    throw new Error(
      `expected an event "${event}" from the app${again}. Received so far: ${this.#came()}. ${this.#context.describe()}`,
    );
  }

  #came(): string {
    const counts = new Map<string, number>();
    for (const { name } of this.#received) counts.set(name, (counts.get(name) ?? 0) + 1);
    const came = [...counts].map(([name, count]) => `"${name}"${count > 1 ? ` × ${count}` : ""}`);
    return came.join(", ") || "nothing";
  }
}

function argumentsOf<Arguments>(events: readonly Event[], name: string): Arguments[] {
  return events.filter((event) => event.name === name).map(({ args }) => args as Arguments);
}
