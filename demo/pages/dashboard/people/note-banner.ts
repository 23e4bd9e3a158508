import { element, setText } from "../elements/element.ts";

export interface NoteBanner {
  readonly node: HTMLElement;
  show(note: { readonly from: string; readonly text: string }): void;
  /** What was for one user is not for the next. */
  clear(): void;
}

/** A message from an administrator to all devices of the user: it stays until it is put away. */
export function createNoteBanner(): NoteBanner {
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
  button.addEventListener("click", clear);
  clear();
  return {
    node,
    show(note) {
      node.hidden = false;
      setText(text, `${note.from}: ${note.text}`);
    },
    clear,
  };
}
