import { element, setText } from "../elements/element.ts";
import { createPanel } from "../elements/panel.ts";
import type { DemoSocket } from "../server/demo-socket.ts";
import { onUserGone } from "../state/session-watch.ts";
import { nameOf } from "../state/user.ts";
import { deliver } from "./chat-delivery.ts";
import { type ChatLine, receiveLine, sendLine, settleLine } from "./chat-lines.ts";

/**
 * A chat in which the user can write at any time. A message is shown at once as "sending…", and sent when possible.
 *
 * @param end aborted when the AuthSocket is disposed of
 */
export function createChat({ session, socket }: DemoSocket, end: AbortSignal): HTMLElement {
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
      "No messages yet. Write one while the token is being refreshed, or while you are offline: it will arrive once.",
    ),
  );
  const input = element("input", {
    id: "chat-text",
    name: "text",
    maxlength: 500,
    autocomplete: "off",
    placeholder: "Write a message",
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
  // Line by line, because a screen reader reads out every line that is added to the list.
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
    update(sendLine(lines, { ...line, from: nameOf(session.state) ?? "you" }));
    const answer = await deliver((sent) => socket.emitWithAck("chat", sent), line, end);
    update(settleLine(lines, line.id, answer.ok ? undefined : answer.error));
  });
  socket.on("chat", (message) => update(receiveLine(lines, message)));

  // What one user wrote is not for the next.
  onUserGone(session, () => {
    input.value = "";
    update([]);
  });

  return createPanel("chat", "Chat", scroller, form);
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
