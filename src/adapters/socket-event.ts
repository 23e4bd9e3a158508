import type { EventsMap } from "authsocket";
import type { Socket } from "socket.io-client";

/** The events that Socket.IO itself emits on every socket. */
export interface SocketLife {
  connect: () => void;
  connect_error: (error: Error & { data?: unknown }) => void;
  disconnect: (reason: Socket.DisconnectReason) => void;
}

/** A name of the app's own events, or of Socket.IO's. */
export type EventName<Listen extends EventsMap> = (keyof Listen & string) | keyof SocketLife;

/** What listens to the event of that name. */
export type EventListener<
  Listen extends EventsMap,
  Event extends EventName<Listen>,
> = Event extends keyof Listen ? Listen[Event] : Event extends keyof SocketLife ? SocketLife[Event] : never;

/** What is needed of an AuthSocket to listen to its socket. */
export interface Listenable<Listen extends EventsMap, Emit extends EventsMap> {
  readonly socket: Socket<Listen, Emit>;
}

/**
 * For each event, calls the listener that `latest` returns at that time.
 *
 * @returns a function that stops listening
 */
export function listen<Listen extends EventsMap, Emit extends EventsMap, Event extends EventName<Listen>>(
  auth: Listenable<Listen, Emit>,
  event: Event,
  latest: () => EventListener<Listen, Event>,
): () => void {
  // Names and arguments are checked where the app writes them.
  const socket = auth.socket as unknown as Socket;
  const name: string = event;
  const call = (...args: unknown[]) => (latest() as (...args: unknown[]) => void)(...args);
  socket.on(name, call);
  return () => void socket.off(name, call);
}
