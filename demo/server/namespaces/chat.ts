import type { Answer } from "../../socket-events.ts";
import { acknowledge } from "../sockets/acknowledgement.ts";
import type { DemoIo, DemoSocket } from "../sockets/demo-io.ts";
import type { Store } from "../stores/store.ts";

const MAX_TEXT_LENGTH = 500;
const MAX_ID_LENGTH = 100;
/** How long the id of a line is remembered, in ms. */
const MEMORY = 60 * 60 * 1000;

function readLine(line: unknown): { id: string; text: string } | undefined {
  if (typeof line !== "object" || line === null || !("id" in line) || !("text" in line)) return undefined;
  const { id, text } = line;
  if (typeof id !== "string" || id.length < 1 || id.length > MAX_ID_LENGTH) return undefined;
  if (typeof text !== "string" || text.length < 1 || text.length > MAX_TEXT_LENGTH) return undefined;
  return { id, text };
}

/** One chat for everybody. A line that is sent again, because its answer was lost, appears once. */
export class Chat {
  readonly #io: DemoIo;
  readonly #store: Store;

  constructor(io: DemoIo, store: Store) {
    this.#io = io;
    this.#store = store;
  }

  serve(socket: DemoSocket): void {
    const { subject, claims } = socket.data.auth;
    socket.on("chat", async (received: unknown, reply: unknown) => {
      const answer = acknowledge<Answer>(reply);
      const line = readLine(received);
      if (!line) {
        answer({ ok: false, error: `A message needs an id and 1 to ${MAX_TEXT_LENGTH} characters of text` });
        return;
      }
      try {
        if (await this.#isNew(subject, line.id))
          this.#io.emit("chat", { ...line, from: claims.username, at: Date.now() });
        answer({ ok: true });
      } catch (error) {
        console.error(error);
        answer({ ok: false, error: "The message could not be sent: try again" });
      }
    });
  }

  // The key contains the user: nobody can suppress another user's line by guessing its id.
  #isNew(subject: string, id: string): Promise<boolean> {
    return this.#store.update<true, boolean>(`said:${subject}:${id}`, (said) =>
      said ? { result: false } : { result: true, next: { value: true, lifetime: MEMORY } },
    );
  }
}
