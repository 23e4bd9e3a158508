import type { Answer } from "../../../socket-events.ts";

/** Sends one message once. Rejects when the connection ends before the answer. */
export type Send = (line: { id: string; text: string }) => Promise<Answer>;

/**
 * Sends a message until the server has answered, over as many connections as it takes.
 *
 * When a connection ends before the answer, nobody knows whether the message arrived. It is sent again with the same id, and the
 * server ignores the second. Without a connection, Socket.IO buffers it, so the loop does not spin. AuthSocket rejects it with an
 * error that has a code when this user has signed out.
 *
 * @param end aborted before `dispose()`: then every try fails at once, with an error that has no code
 */
export async function deliver(
  send: Send,
  line: { id: string; text: string },
  end: AbortSignal,
): Promise<Answer> {
  while (!end.aborted) {
    try {
      return await send(line);
    } catch (error) {
      if (hasCode(error)) return { ok: false, error: "you signed out before it was sent" };
    }
  }
  return { ok: false, error: "the page was left before it was sent" };
}

function hasCode(error: unknown): boolean {
  return error instanceof Error && "code" in error && typeof error.code === "string";
}
