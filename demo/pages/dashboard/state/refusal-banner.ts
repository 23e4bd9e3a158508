import type { AuthSocketState } from "authsocket";
import { element, setText } from "../elements/element.ts";
import { errorWords, withReason } from "./status-words.ts";

export interface RefusalBanner {
  readonly node: HTMLElement;
  /**
   * `socket`: undefined where it is not the banner's to speak of it.
   * `reason`: the words with which the server ended the connection, where it gave any.
   */
  show(socket: AuthSocketState | undefined, reason?: string): void;
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
    show(socket, reason) {
      const stopped = socket?.status === "refused" || socket?.status === "idle" ? socket : undefined;
      node.hidden = stopped === undefined;
      const why = stopped?.error ? errorWords(stopped.error) : "Not connected.";
      setText(text, stopped ? withReason(why, reason) : "");
    },
  };
}
