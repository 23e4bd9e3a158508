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
  const { status, error } = auth.state;
  const held: Hold = {
    holders: 0,
    // With an error, Socket.IO has given up what the app had opened.
    isOurs: status === "idle" && !error,
    stopWatching: auth.subscribe((state) => {
      // Without one, the app itself has disconnected.
      if (state.status === "idle" && !state.error) held.isOurs = false;
    }),
  };
  // First: whoever hears of the connecting may hold it, too.
  holds.set(auth, held);
  try {
    if (status === "idle") auth.connect();
  } catch (error) {
    drop(auth, held);
    throw error;
  }
  return held;
}

function release(auth: Connectable, held: Hold): void {
  held.holders--;
  if (held.holders > 0) return;
  drop(auth, held);
  if (held.isOurs) auth.disconnect();
}

function drop(auth: Connectable, { stopWatching }: Hold): void {
  holds.delete(auth);
  stopWatching();
}
