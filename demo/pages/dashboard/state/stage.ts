import type { SessionState } from "authsocket";
import { holdsToken } from "./user.ts";

/** What the page is about: the look for a session at page load, the sign-in form, or the dashboard in full. */
export type Stage = "checking" | "signedOut" | "signedIn";

/** Once signed in, no renewal however slow takes the dashboard away: only the end of the session does. */
export function nextStage(stage: Stage, session: SessionState): Stage {
  if (session.status === "signedOut") return "signedOut";
  return stage === "signedIn" || holdsToken(session) ? "signedIn" : "checking";
}
