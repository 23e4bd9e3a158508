import { deliver } from "./chat-delivery.ts";
import { type ChatLine, receiveLine, sendLine, settleLine } from "./chat-lines.ts";
import type { DemoSocket } from "./demo-socket.ts";
import { element } from "./element.ts";
import { createPanel } from "./panel.ts";

export interface Chat {
  readonly node: HTMLElement;
  focus(): void;
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
    { class: "chat-scroller", role: "log", "aria-label": "Conversation", tabindex: 0 },
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

  const update = (next: readonly ChatLine[]) => {
    lines = next;
    list.replaceChildren(...lines.map(lineNode));
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
    focus: () => input.focus(),
    clear() {
      input.value = "";
      update([]);
    },
  };
}

const stateWords = { sending: "sending…", sent: "sent", failed: "failed" };

function lineNode(line: ChatLine): HTMLElement {
  const state =
    line.error === undefined ? stateWords[line.state] : `${stateWords[line.state]}: ${line.error}`;
  return element(
    "li",
    { "data-state": line.state, "data-own": String(line.own) },
    element("span", { class: "chat-from" }, line.own ? "You" : line.from),
    element("span", { class: "chat-text" }, line.text),
    ...(line.own ? [element("span", { class: "chat-state" }, state)] : []),
  );
}
