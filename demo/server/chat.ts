import type { Answer } from "../socket-events.ts";
import { acknowledge, type DemoIo, type DemoSocket } from "./demo-io.ts";

const MAX_TEXT_LENGTH = 500;
const MAX_ID_LENGTH = 100;
/** How many of a user's lines are remembered, to know one that is sent again. */
const REMEMBERED = 1000;

function readLine(line: unknown): { id: string; text: string } | undefined {
  if (typeof line !== "object" || line === null || !("id" in line) || !("text" in line)) return undefined;
  const { id, text } = line;
  if (typeof id !== "string" || id.length < 1 || id.length > MAX_ID_LENGTH) return undefined;
  if (typeof text !== "string" || text.length < 1 || text.length > MAX_TEXT_LENGTH) return undefined;
  return { id, text };
}

/** One room for everybody. A line that is sent again because its answer was lost is said once. */
export class Chat {
  readonly #io: DemoIo;
  readonly #said = new Map<string, Set<string>>();

  constructor(io: DemoIo) {
    this.#io = io;
  }

  serve(socket: DemoSocket): void {
    const { subject, username } = socket.data.identity;
    socket.on("chat", (received: unknown, reply: unknown) => {
      const answer = acknowledge<Answer>(reply);
      const line = readLine(received);
      if (!line) {
        answer({ ok: false, error: `A line needs an id and 1 to ${MAX_TEXT_LENGTH} characters of text` });
        return;
      }
      if (this.#isNew(subject, line.id)) this.#io.emit("chat", { ...line, from: username, at: Date.now() });
      answer({ ok: true });
    });
  }

  // By user: nobody can silence another's line by guessing its id.
  #isNew(subject: string, id: string): boolean {
    let said = this.#said.get(subject);
    if (!said) {
      said = new Set();
      this.#said.set(subject, said);
    }
    if (said.has(id)) return false;
    said.add(id);
    if (said.size > REMEMBERED) {
      const [oldest] = said;
      if (oldest !== undefined) said.delete(oldest);
    }
    return true;
  }
}
