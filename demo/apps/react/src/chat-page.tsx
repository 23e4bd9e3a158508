import { useConnection, useSocketEvent } from "authsocket/react";
import { useState } from "react";
import type { ChatLine } from "../../../socket-events.ts";
import { auth } from "./auth.ts";
import { ConnectionPill } from "./connection-pill.tsx";

/** The ids of the lines that this page has said. */
const said = new Set<string>();

export function ChatPage() {
  const { status } = useConnection(auth);
  const [lines, setLines] = useState<ChatLine[]>([]);
  const [pillIsShown, setPillIsShown] = useState(true);

  const [problem, setProblem] = useState("");

  useSocketEvent(auth, "chat", (line) => setLines((lines) => [...lines, line]));

  async function say(form: FormData) {
    const line = { id: crypto.randomUUID(), text: String(form.get("message")) };
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
      <div className="heading">
        <h1>Chat</h1>
        {pillIsShown && <ConnectionPill />}
        <button type="button" className="plain" onClick={() => setPillIsShown(!pillIsShown)}>
          {pillIsShown ? "Hide the connection" : "Show the connection"}
        </button>
      </div>
      <div className="log" role="log" aria-label="Conversation">
        <ol className="lines">
          {lines.map(({ id, from, text }) => (
            <li key={id} className={said.has(id) ? "mine" : ""}>
              <small>{from}</small>
              {text}
            </li>
          ))}
        </ol>
      </div>
      {problem && (
        <p className="error" role="alert">
          {problem}
        </p>
      )}
      <form className="say" action={say}>
        <input name="message" aria-label="Message" placeholder="Say something" autoComplete="off" required />
        <button type="submit" disabled={status === "refused"}>
          Send
        </button>
      </form>
    </>
  );
}
