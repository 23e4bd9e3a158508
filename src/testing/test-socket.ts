import type { DefaultEventsMap, EventsMap } from "authsocket";
import type { EventArguments, EventName } from "./events.ts";

/** The server's end of one connected AuthSocket, as `server.on("connection", …)` brings it. */
export interface TestSocket<
  Listen extends EventsMap = DefaultEventsMap,
  Emit extends EventsMap = DefaultEventsMap,
> {
  /** The client's `socket.id`. */
  readonly id: string;
  readonly namespace: string;
  /** Who it is connected as; undefined: a guest. */
  readonly subject: string | undefined;
  /** When its token expires, in ms since the epoch; undefined for a guest. */
  readonly expiresAt: number | undefined;
  readonly connected: boolean;
  /** The rooms that it is in; that of its user (`userRoom()` of "authsocket/server") is one of them. */
  readonly rooms: ReadonlySet<string>;
  /** Calls the listener when it is gone. */
  on(event: "disconnect", listener: () => void): this;
  /** Calls the listener with what each event of that name brings, and last an acknowledgement where one is asked for. */
  on<Event extends EventName<Listen>>(event: Event, listener: Listen[Event]): this;
  /** Takes a listener back, or all of that event. */
  off<Event extends EventName<Listen>>(event: Event, listener?: Listen[Event]): this;
  /** Sends an event. A function as the last argument is called with the acknowledgement. */
  emit<Event extends EventName<Emit>>(event: Event, ...args: EventArguments<Emit, Event>): this;
  join(room: string): this;
  leave(room: string): this;
  /** Ends this namespace, and leaves the transport to the others. */
  disconnect(): this;
}
