import { element, setText } from "../elements/element.ts";
import { createPanel } from "../elements/panel.ts";
import type { DemoSocket } from "../server/demo-socket.ts";
import { deliver } from "./chat-delivery.ts";
import { type ChatLine, receiveLine, sendLine, settleLine } from "./chat-lines.ts";

export interface Chat {
  readonly node: HTMLElement;
  /** Forgets everything: what one user wrote is not for the next. */
  clear(): void;
}

/**
 * A chat in which one can write at any time: a line is shown at once as "sending…" and goes out when it can.
 * `nameOfUser` answers who is signed in.
 */
export function createChat(socket: DemoSocket["socket"], nameOfUser: () => string): Chat {
  let lines: readonly ChatLine[] = [];
  const list = element("ol", { class: "chat-lines" });
  const scroller = element(
    "div",
    {
      class: "chat-scroller",
      role: "log",
      "aria-relevant": "additions",
      "aria-label": "Conversation",
      tabindex: 0,
    },
    list,
    element(
      "p",
      { class: "chat-empty quiet" },
      "Nothing yet. Write while the token is being renewed, or while the connection is down.",
    ),
  );
  const input = element("input", {
    id: "chat-text",
    name: "text",
    maxlength: 500,
    autocomplete: "off",
    placeholder: "Say something",
    required: "",
  });
  const form = element(
    "form",
    { class: "chat-form" },
    element("label", { for: input.id, class: "visually-hidden" }, "Message"),
    input,
    element("button", { class: "button primary" }, "Send"),
  );

  const views = new Map<string, LineView>();
  // Line by line: whatever is put into the list anew is read out by a screen reader.
  const update = (next: readonly ChatLine[]) => {
    lines = next;
    const gone = new Set(views.keys());
    for (const line of lines) {
      gone.delete(line.id);
      const view = views.get(line.id) ?? createLineView(line);
      view.show(line);
      if (!views.has(line.id)) list.append(view.node);
      views.set(line.id, view);
    }
    for (const id of gone) {
      views.get(id)?.node.remove();
      views.delete(id);
    }
    scroller.scrollTop = scroller.scrollHeight;
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (text === "") return;
    input.value = "";
    const line = { id: crypto.randomUUID(), text };
    update(sendLine(lines, { ...line, from: nameOfUser() }));
    const answer = await deliver((sent) => socket.emitWithAck("chat", sent), line);
    update(settleLine(lines, line.id, answer.ok ? undefined : answer.error));
  });
  socket.on("chat", (message) => update(receiveLine(lines, message)));

  return {
    node: createPanel("chat", "Chat", scroller, form),
    clear() {
      input.value = "";
      update([]);
    },
  };
}

interface LineView {
  readonly node: HTMLElement;
  show(line: ChatLine): void;
}

const stateWords = { sending: "sending…", sent: "sent", failed: "failed" };

function createLineView({ own, from, text }: ChatLine): LineView {
  const state = element("span", { class: "chat-state" });
  const node = element(
    "li",
    { "data-own": String(own) },
    element("span", { class: "chat-from" }, own ? "You" : from),
    element("span", { class: "chat-text" }, text),
    ...(own ? [state] : []),
  );
  return {
    node,
    show(line) {
      node.dataset.state = line.state;
      setText(state, line.error === undefined ? stateWords[line.state] : `failed: ${line.error}`);
    },
  };
}
