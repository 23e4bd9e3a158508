import type { AuthSocketState, EventsMap, SessionState, Subscribable } from "authsocket";
import {
  getCurrentInstance,
  getCurrentScope,
  nextTick,
  onMounted,
  onScopeDispose,
  type ShallowRef,
  shallowRef,
} from "vue";
import { type Connectable, hold } from "./hold.ts";
import { type EventListener, type EventName, type Listenable, listen } from "./socket-event.ts";

export type { Connectable } from "./hold.ts";
export type { EventListener, EventName, Listenable } from "./socket-event.ts";

/**
 * Connects while any component or effect scope uses the connection, and returns its state as a ref. When the last one ends, the
 * connection is closed, unless your app had called `connect()` before the first of them was mounted. On a server and while
 * hydrating, the value is `auth.serverState`.
 *
 * @param auth made outside of the components, with `autoConnect: false`
 * @example
 * const connection = useConnection(auth); // connection.value.status
 */
export function useConnection(auth: Connectable): Readonly<ShallowRef<AuthSocketState>> {
  whileMounted(() => hold(auth));
  return useSubscribable(auth);
}

/**
 * Returns the session's state as a ref: who is signed in. It sends no request. `useConnection()` and `session.whenReady()` do.
 * On a server and while hydrating, the value is `session.serverState`.
 *
 * @example
 * const session = useSession(auth.session); // session.value.subject
 */
export function useSession(session: Subscribable<SessionState>): Readonly<ShallowRef<SessionState>> {
  return useSubscribable(session);
}

/**
 * Listens to an event while the component is mounted or the effect scope is active.
 *
 * @example
 * useSocketEvent(auth, "message", (message) => messages.value.push(message));
 */
export function useSocketEvent<
  Listen extends EventsMap,
  Emit extends EventsMap,
  Event extends EventName<Listen>,
>(auth: Listenable<Listen, Emit>, event: Event, listener: EventListener<Listen, Event>): void {
  whileMounted(() => listen(auth, event, () => listener));
}

function useSubscribable<State>(source: Subscribable<State>): Readonly<ShallowRef<State>> {
  // A component that hydrates must render the same as the server.
  const state = shallowRef(isServer() || isHydrating() ? source.serverState : source.state);
  const read = () => {
    state.value = source.state;
  };
  whileMounted(() => {
    read();
    return source.subscribe(read);
  });
  return state;
}

/**
 * A server never mounts a component, so nothing begins there. In an effect scope that is not the component's own, such as a store's, it
 * does not wait for the component: this one may never be mounted, and others use the store.
 */
function whileMounted(begin: () => () => void): void {
  const instance = getCurrentInstance() as { scope?: unknown } | null;
  const scope = getCurrentScope();
  let isOver = false;
  let end: (() => void) | undefined;
  const start = () => {
    if (!isOver) end = begin();
  };
  if (instance && instance.scope === scope) onMounted(start);
  else if (isHydrating()) void nextTick(start);
  else if (!isServer()) start();
  if (scope) {
    onScopeDispose(() => {
      isOver = true;
      end?.();
    });
  }
}

const isServer = () => typeof document === "undefined";

/** While it hydrates, a component already has its element. */
const isHydrating = () => Boolean(getCurrentInstance()?.vnode.el);
