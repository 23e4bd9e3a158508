import { element, setText } from "../elements/element.ts";
import { createPanel } from "../elements/panel.ts";
import type { DemoSocket } from "../server/demo-socket.ts";
import { createTitledStatus } from "./status-badge.ts";
import { sessionWords, socketWords } from "./status-words.ts";
import { holdsToken, nameOf, roleOf } from "./user.ts";

export interface StatusPanel {
  readonly node: HTMLElement;
  draw(now: number): void;
}

/** The states of session and socket, the user and the sign-out button. It stays above every view. */
export function createStatusPanel(auth: DemoSocket, onSignOut: () => void): StatusPanel {
  const session = createTitledStatus("Session", "session-status");
  const socket = createTitledStatus("Socket", "socket-status");
  const name = element("span", { class: "user-name" });
  const role = element("span", { class: "pill", "data-tone": "quiet" });
  const signOut = element("button", { type: "button", class: "button" }, "Sign out");
  signOut.addEventListener("click", onSignOut);
  const user = element("div", { class: "user" }, element("p", {}, name, " ", role), signOut);
  const node = createPanel(
    "state",
    "State",
    element("div", { class: "statuses" }, session.node, socket.node),
    user,
  );
  // The badges have titles of their own. The heading is for those who navigate by headings.
  node.querySelector("h2")?.classList.add("visually-hidden");
  const draw = (now: number) => {
    const state = auth.session.state;
    session.show(state.status, sessionWords(state, now));
    socket.show(auth.state.status, socketWords(auth.state, now));
    setText(name, nameOf(state) ?? "");
    const isAdmin = roleOf(state) === "admin";
    setText(role, isAdmin ? "administrator" : "user");
    role.dataset.tone = isAdmin ? "renewing" : "quiet";
    user.hidden = !holdsToken(state);
  };
  // At once, and not with the next frame only: a state can be over by then.
  auth.session.subscribe(() => draw(Date.now()));
  auth.subscribe(() => draw(Date.now()));
  return { node, draw };
}
