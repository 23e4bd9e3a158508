import type { AuthSocketState, Subscribable } from "authsocket";

/** What components need of an AuthSocket to share its connection. */
export interface Connectable extends Subscribable<AuthSocketState> {
  connect(): unknown;
  disconnect(): unknown;
}

interface Hold {
  holders: number;
  /** Whether the connection was opened here. If the app has opened it, the app closes it. */
  isOurs: boolean;
  readonly stopWatching: () => void;
}

const holds = new WeakMap<Connectable, Hold>();

/**
 * Connects while somebody holds the connection.
 *
 * @returns a function that releases it, once however often it is called
 */
export function hold(auth: Connectable): () => void {
  const held = holds.get(auth) ?? take(auth);
  held.holders++;
  let isHolder = true;
  return () => {
    // In a later task: StrictMode and a change of page release and hold again at once, which must not disconnect.
    if (isHolder) setTimeout(release, 0, auth, held);
    isHolder = false;
  };
}

function take(auth: Connectable): Hold {
  const isOurs = auth.state.status === "idle";
  if (isOurs) auth.connect();
  const held: Hold = {
    holders: 0,
    isOurs,
    stopWatching: auth.subscribe(({ status, error }) => {
      // Without an error, the app itself has disconnected. With one, Socket.IO has given up.
      if (status === "idle" && !error) held.isOurs = false;
    }),
  };
  holds.set(auth, held);
  return held;
}

function release(auth: Connectable, held: Hold): void {
  held.holders--;
  if (held.holders > 0) return;
  holds.delete(auth);
  held.stopWatching();
  if (held.isOurs) auth.disconnect();
}
