import type { SessionState } from "authsocket";
import type { DemoSocket } from "../server/demo-socket.ts";
import { type SessionChange, sessionChange } from "./session-change.ts";

/** Calls `listener` with the present state of the session, then with each further one, and with what the change means. */
export function watchSession(
  session: DemoSocket["session"],
  listener: (state: SessionState, change: SessionChange | undefined) => void,
): void {
  let previous: SessionState | undefined;
  const follow = (state: SessionState) => {
    const change = sessionChange(previous, state);
    previous = state;
    listener(state, change);
  };
  session.subscribe(follow);
  follow(session.state);
}

/**
 * Calls `listener` when what the page shows is not for its user any more: the user has signed out, or another one is signed in.
 * A user whose session has expired may come back to it.
 */
export function onUserGone(session: DemoSocket["session"], listener: () => void): void {
  let user: string | undefined;
  watchSession(session, ({ status, subject, error }) => {
    const next = status === "signedOut" && !error ? undefined : (subject ?? user);
    if (user !== undefined && next !== user) listener();
    user = next;
  });
}
