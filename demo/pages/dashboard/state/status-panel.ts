import type { AuthSocketState, SessionState } from "authsocket";
import { element, setText } from "../elements/element.ts";
import { createPanel } from "../elements/panel.ts";
import { createStatusBadge } from "./status-badge.ts";
import { sessionWords, socketWords } from "./status-words.ts";
import { holdsToken, nameOf, roleOf } from "./user.ts";

export interface StatusPanel {
  readonly node: HTMLElement;
  show(session: SessionState, socket: AuthSocketState, now: number): void;
}

/** Who is signed in, the states of session and socket, and the way out: above every view. */
export function createStatusPanel(onSignOut: () => void): StatusPanel {
  const session = createStatusBadge("Session", "session-status");
  const socket = createStatusBadge("Socket", "socket-status");
  const name = element("span", { class: "user-name" });
  const role = element("span", { class: "user-role" });
  const signOut = element("button", { type: "button", class: "button" }, "Sign out");
  signOut.addEventListener("click", onSignOut);
  const user = element("div", { class: "user" }, element("p", {}, name, " ", role), signOut);
  const node = createPanel(
    "state",
    "State",
    element("div", { class: "statuses" }, session.node, socket.node),
    user,
  );
  // The badges say what they are; the heading is for those who go by headings.
  node.querySelector("h2")?.classList.add("visually-hidden");
  return {
    node,
    show(sessionState, socketState, now) {
      session.show(sessionState.status, sessionWords(sessionState, now));
      socket.show(socketState.status, socketWords(socketState, now));
      setText(name, nameOf(sessionState) ?? "");
      setText(role, roleOf(sessionState) ?? "");
      user.hidden = !holdsToken(sessionState);
    },
  };
}
