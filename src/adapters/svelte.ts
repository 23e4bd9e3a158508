import type { AuthSocketState, SessionState, Subscribable } from "authsocket";
import { type Connectable, hold } from "./hold.ts";

export type { Connectable } from "./hold.ts";

/** A store of Svelte's: `$store` in a component reads it. */
export interface Readable<State> {
  /** Calls at once with the present state, and then with each new one. Returns its undo. */
  subscribe(this: void, run: (state: State) => void): () => void;
}

/**
 * Connects while anybody is subscribed, and tells how it is. The last subscriber that leaves disconnects, unless the app
 * itself had connected. On a server, the state is `auth.serverState`, and nothing connects.
 *
 * @param auth made outside of the components, with `autoConnect: false`
 * @example
 * const state = connection(auth); // $state.status
 */
export function connection(auth: Connectable): Readable<AuthSocketState> {
  return readable(auth, () => hold(auth));
}

/**
 * Who is signed in. Asks nobody: a connection does, or `session.whenReady()`. On a server, the state is `serverState`.
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
