import type { SessionState } from "authsocket";
import type { DemoSocket } from "../server/demo-socket.ts";
import { watchSession } from "./session-watch.ts";
import { holdsToken } from "./user.ts";

/** What the page shows: a note while it looks for a session, the sign-in form, or the dashboard. */
export type Stage = "checking" | "signedOut" | "signedIn";

/** Once signed in, no renewal takes the dashboard away, however slow it is. Only the end of the session does. */
export function nextStage(stage: Stage, session: SessionState): Stage {
  if (session.status === "signedOut") return "signedOut";
  return stage === "signedIn" || holdsToken(session) ? "signedIn" : "checking";
}

/** Calls `listener` with the present stage, then with each further one, also when it is the same. */
export function watchStage(
  session: DemoSocket["session"],
  listener: (stage: Stage, state: SessionState) => void,
): void {
  let stage: Stage = "checking";
  watchSession(session, (state) => {
    stage = nextStage(stage, state);
    listener(stage, state);
  });
}
