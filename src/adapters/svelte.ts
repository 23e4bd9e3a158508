import type { AuthSocketState, SessionState, Subscribable } from "authsocket";
import { type Connectable, hold } from "./hold.ts";

export type { Connectable } from "./hold.ts";

/** A store as Svelte knows it: a component reads it as `$store`. */
export interface Readable<State> {
  /** Calls the listener at once with the current state, and then with each new one. Returns a function that ends this. */
  subscribe(this: void, run: (state: State) => void): () => void;
}

/**
 * A store with the state of the connection, which is connected while somebody is subscribed. When the last subscriber leaves,
 * the connection is closed, unless your app had called `connect()` before the first one subscribed. On a server the value is
 * `auth.serverState`, and nothing connects.
 *
 * @param auth made outside of the components, with `autoConnect: false`
 * @example
 * const state = connection(auth); // $state.status
 */
export function connection(auth: Connectable): Readable<AuthSocketState> {
  return readable(auth, () => hold(auth));
}

/**
 * A store with the session's state: who is signed in. It sends no request. `connection()` and `session.whenReady()` do. On a
 * server the value is `serverState`.
 *
 * @example
 * const user = session(auth.session); // $user.subject
 */
export function session(session: Subscribable<SessionState>): Readable<SessionState> {
  return readable(session, () => () => {});
}

function readable<State>(source: Subscribable<State>, begin: () => () => void): Readable<State> {
  return {
    subscribe(run) {
      if (typeof document === "undefined") {
        run(source.serverState);
        return () => {};
      }
      const end = begin();
      const unsubscribe = source.subscribe(run);
      run(source.state);
      return () => {
        unsubscribe();
        end();
      };
    },
  };
}
