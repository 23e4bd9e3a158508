// A Svelte store is only `subscribe()`, which Solid's from() takes too.
import { connection } from "authsocket/svelte";
import { createSignal, For, from, onCleanup, Show } from "solid-js";
import type { ChatLine } from "../../../socket-events.ts";
import { auth } from "./auth.ts";
import { ConnectionPill } from "./connection-pill.tsx";

/** The ids of the lines that this page has said. */
const said = new Set<string>();

export function ChatPage() {
  const state = from(connection(auth));
  const [lines, setLines] = createSignal<ChatLine[]>([]);
  const [pillIsShown, setPillIsShown] = createSignal(true);
  const [problem, setProblem] = createSignal("");

  const add = (line: ChatLine) => setLines((lines) => [...lines, line]);
  auth.socket.on("chat", add);
  onCleanup(() => auth.socket.off("chat", add));

  async function say(event: SubmitEvent & { currentTarget: HTMLFormElement }) {
    event.preventDefault();
    const line = { id: crypto.randomUUID(), text: String(new FormData(event.currentTarget).get("message")) };
    event.currentTarget.reset();
    said.add(line.id);
    try {
      const answer = await auth.socket.emitWithAck("chat", line);
      setProblem(answer.ok ? "" : answer.error);
    } catch {
      setProblem(`"${line.text}" may not have been sent.`);
    }
  }

  return (
    <>
      <div class="heading">
        <h1>Chat</h1>
        <Show when={pillIsShown()}>
          <ConnectionPill />
        </Show>
        <button type="button" class="plain" onClick={() => setPillIsShown(!pillIsShown())}>
          {pillIsShown() ? "Hide the connection" : "Show the connection"}
        </button>
      </div>
      <div class="log" role="log" aria-label="Conversation">
        <ol class="lines">
          <For each={lines()}>
            {(line) => (
              <li class={said.has(line.id) ? "mine" : ""}>
                <small>{line.from}</small>
                {line.text}
              </li>
            )}
          </For>
        </ol>
      </div>
      <Show when={problem()}>
        <p class="error" role="alert">
          {problem()}
        </p>
      </Show>
      <form class="say" onSubmit={say}>
        <input name="message" aria-label="Message" placeholder="Say something" autocomplete="off" required />
        <button type="submit" disabled={state()?.status === "refused"}>
          Send
        </button>
      </form>
    </>
  );
}
