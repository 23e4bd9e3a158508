import { element, setText } from "../elements/element.ts";
import type { DemoSocket } from "../server/demo-socket.ts";
import type { Revocation } from "./revocation.ts";
import { watchSession } from "./session-watch.ts";
import { errorWords, refusedWords, withReason } from "./status-words.ts";

/** Says why the connection has stopped, and offers to connect again. Hidden while it has not stopped. */
export function createRefusalBanner(auth: DemoSocket, revocation: Revocation): HTMLElement {
  const text = element("p", { role: "alert" });
  const button = element("button", { type: "button", class: "button" }, "Reconnect");
  button.addEventListener("click", () => auth.connect());
  const node = element(
    "div",
    { class: "banner", "data-tone": "bad", "data-testid": "refusal" },
    text,
    button,
  );
  const show = () => {
    const { state } = auth;
    const stopped = state.status === "refused" || state.status === "idle" ? state : undefined;
    // After a sign-out, the sign-in form says why.
    node.hidden = stopped === undefined || auth.session.state.status === "signedOut";
    const words = state.status === "refused" ? refusedWords : errorWords;
    const why = stopped?.error ? words(stopped.error) : "Not connected.";
    setText(text, stopped ? withReason(why, revocation.reason) : "");
  };
  auth.subscribe(show);
  watchSession(auth.session, (_, change) => {
    // A sign-in is reason enough to try again: the user need not press the button.
    if (change?.kind === "started" && auth.state.status === "refused") auth.connect();
    show();
  });
  return node;
}
