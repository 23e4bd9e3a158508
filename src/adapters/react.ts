import type { AuthSocketState, EventsMap, SessionState, Subscribable } from "authsocket";
import { useEffect, useInsertionEffect, useRef, useSyncExternalStore } from "react";
import { type Connectable, hold } from "./hold.ts";
import { type EventListener, type EventName, type Listenable, listen } from "./socket-event.ts";

export type { Connectable } from "./hold.ts";
export type { EventListener, EventName, Listenable } from "./socket-event.ts";

/**
 * Connects while any component uses the connection, and returns its state. When the last of these components is unmounted, the
 * connection is closed, unless your app had called `connect()` before the first of them was mounted. On a server and while
 * hydrating, it returns `auth.serverState`.
 *
 * @param auth made outside of the components, with `autoConnect: false`
 * @example
 * const { status } = useConnection(auth);
 */
export function useConnection(auth: Connectable): AuthSocketState {
  useEffect(() => hold(auth), [auth]);
  return useSubscribable(auth);
}

/**
 * Returns the session's state: who is signed in. It sends no request. `useConnection()` and `session.whenReady()` do. On a
 * server and while hydrating, it returns `session.serverState`.
 *
 * @example
 * const { status, subject } = useSession(auth.session);
 */
export function useSession(session: Subscribable<SessionState>): SessionState {
  return useSubscribable(session);
}

/**
 * Listens to an event while the component is mounted. The listener may be a new function at each render. The latest one is
 * called.
 *
 * @example
 * useSocketEvent(auth, "message", (message) => setMessages([...messages, message]));
 */
export function useSocketEvent<
  Listen extends EventsMap,
  Emit extends EventsMap,
  Event extends EventName<Listen>,
>(auth: Listenable<Listen, Emit>, event: Event, listener: EventListener<Listen, Event>): void {
  const latest = useRef(listener);
  // Before any other effect of this render could emit.
  useInsertionEffect(() => {
    latest.current = listener;
  });
  useEffect(() => listen(auth, event, () => latest.current), [auth, event]);
}

function useSubscribable<State>(source: Subscribable<State>): State {
  return useSyncExternalStore(
    source.subscribe,
    () => source.state,
    () => source.serverState,
  );
}
