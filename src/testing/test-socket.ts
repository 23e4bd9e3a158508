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
  /** The user that it is connected as; undefined for a guest. */
  readonly subject: string | undefined;
  /** When its token expires, in ms since the epoch; undefined for a guest. */
  readonly expiresAt: number | undefined;
  readonly connected: boolean;
  /** The rooms that it is in, with its user's room (`userRoom()` of "authsocket/server"). */
  readonly rooms: ReadonlySet<string>;
  /** Calls the listener when the socket has disconnected. */
  on(event: "disconnect", listener: () => void): this;
  /** Calls the listener with the arguments of each event of that name, and with an acknowledgement function if the app wants one. */
  on<Event extends EventName<Listen>>(event: Event, listener: Listen[Event]): this;
  /** Removes a listener, or all listeners of that event. */
  off<Event extends EventName<Listen>>(event: Event, listener?: Listen[Event]): this;
  /** Sends an event. A function as the last argument is called with the acknowledgement. */
  emit<Event extends EventName<Emit>>(event: Event, ...args: EventArguments<Emit, Event>): this;
  join(room: string): this;
  leave(room: string): this;
  /** Disconnects from this namespace, and leaves the transport to the others. */
  disconnect(): this;
}
