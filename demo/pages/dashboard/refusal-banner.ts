import type { AuthSocketState } from "authsocket";
import { element, setText } from "./element.ts";
import { errorWords } from "./status-words.ts";

export interface RefusalBanner {
  readonly node: HTMLElement;
  show(socket: AuthSocketState): void;
}

/** Where the connection has stopped for good: says why, and offers to try again. */
export function createRefusalBanner(onReconnect: () => void): RefusalBanner {
  const text = element("p", { role: "alert" });
  const button = element("button", { type: "button", class: "button" }, "Reconnect");
  button.addEventListener("click", onReconnect);
  const node = element(
    "div",
    { class: "banner", "data-tone": "bad", "data-testid": "refusal" },
    text,
    button,
  );
  node.hidden = true;
  return {
    node,
    show(socket) {
      const stopped = socket.status === "refused" || socket.status === "idle";
      node.hidden = !stopped;
      setText(text, stopped ? (socket.error ? errorWords(socket.error) : "Not connected.") : "");
    },
  };
}
