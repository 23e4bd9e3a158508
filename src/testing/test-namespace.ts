import type { DefaultEventsMap, EventsMap } from "authsocket";
import { userRoom } from "../server/user-room.ts";
import type { EventArguments, EventData, EventName, Listener } from "./events.ts";
import type { NamespaceCore, SentEvent } from "./namespace-core.ts";
import type { TestSocket } from "./test-socket.ts";

/** Some sockets of a namespace. */
export interface Room<Emit extends EventsMap = DefaultEventsMap> {
  emit<Event extends EventName<Emit>>(event: Event, ...args: EventArguments<Emit, Event>): void;
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
  readonly #core: NamespaceCore;
  /** How many of each event `next()` has answered. */
  readonly #answered = new Map<string, number>();

  /** @internal */
  constructor(core: NamespaceCore) {
    this.name = core.name;
    this.#core = core;
  }

  /** The connected sockets, in the order in which they connected. */
  get sockets(): TestSocket<Listen, Emit>[] {
    return [...this.#core.sockets] as unknown as TestSocket<Listen, Emit>[];
  }

  /** With `"connection"`, calls the listener with each socket that connects. */
  on(event: "connection", listener: (socket: TestSocket<Listen, Emit>) => void): this;
  /** Calls the listener with the arguments of each such event from any socket, and with an acknowledgement function if the app wants one. */
  on<Event extends EventName<Listen>>(event: Event, listener: Listen[Event]): this;
  on(event: string, listener: Listener): this {
    this.#core.listeners.add(event, listener);
    return this;
  }

  /** Removes a listener, or all listeners of that event. */
  off(event: EventName<Listen> | "connection", listener?: Listener): this {
    this.#core.listeners.remove(event, listener);
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
    return argumentsOf(this.#core.received, event);
  }

  /** Returns the arguments of each such event to the app, in order. An event to several sockets counts once for each. */
  sent<Event extends EventName<Emit>>(event: Event): EventData<EventArguments<Emit, Event>>[] {
    return argumentsOf(this.#core.sent, event);
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
    if (this.received(event).length <= answered) await this.#core.context.settled();
    const args = this.received(event)[answered];
    if (args) return args;
    this.#answered.set(event, answered);
    const again = answered > 0 ? ` after the ${answered} that next() has returned` : "";
    throw new Error(
      `expected an event "${event}" from the app${again}. Received so far: ${this.#came()}. ${this.#core.context.describe()}`,
    );
  }

  #came(): string {
    const counts = new Map<string, number>();
    for (const { name } of this.#core.received) counts.set(name, (counts.get(name) ?? 0) + 1);
    const came = [...counts].map(([name, count]) => `"${name}"${count > 1 ? ` × ${count}` : ""}`);
    return came.join(", ") || "nothing";
  }
}

function argumentsOf<Arguments>(events: readonly SentEvent[], name: string): Arguments[] {
  return events.filter((event) => event.name === name).map(({ args }) => args as Arguments);
}
