import { element, setText } from "../elements/element.ts";
import type { Line } from "../log/lines.ts";
import type { DemoSocket } from "../server/demo-socket.ts";
import { onUserGone } from "../state/session-watch.ts";

export interface NoteBanner {
  readonly node: HTMLElement;
  show(from: string, words: string): void;
}

/** A message from an administrator to all devices of the user. It stays until the user dismisses it. */
export function createNoteBanner({ session, socket }: DemoSocket, write: (line: Line) => void): NoteBanner {
  const text = element("p", { role: "status" });
  const button = element("button", { type: "button", class: "button" }, "Dismiss");
  const node = element(
    "div",
    { class: "banner", "data-tone": "renewing", "data-testid": "note" },
    text,
    button,
  );
  const clear = () => {
    node.hidden = true;
    setText(text, "");
  };
  const show = (from: string, words: string) => {
    node.hidden = false;
    setText(text, `${from}: ${words}`);
    write({ tone: "renewing", text: `${from}: ${words}` });
  };
  button.addEventListener("click", clear);
  clear();
  socket.on("note", (note) => show(note.from, note.text));
  // A message to one user is not for the next.
  onUserGone(session, clear);
  return { node, show };
}
