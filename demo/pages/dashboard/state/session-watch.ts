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

/** Calls `listener` when another user signs in than the one before. */
export function onOtherUser(session: DemoSocket["session"], listener: () => void): void {
  let last: string | undefined;
  watchSession(session, ({ subject }) => {
    if (subject === undefined) return;
    if (last !== undefined && subject !== last) listener();
    last = subject;
  });
}
