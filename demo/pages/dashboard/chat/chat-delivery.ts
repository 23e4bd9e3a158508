import type { Answer } from "../../../socket-events.ts";

/** Sends one line once; rejects when the connection ends before the answer. */
export type Send = (line: { id: string; text: string }) => Promise<Answer>;

/**
 * Sends a line until the server has answered, however many connections that takes.
 *
 * A connection that ends before the answer leaves open whether the line arrived, so it goes out again under the same
 * id, and the server drops the second. While there is no connection Socket.IO buffers it: the loop does not spin.
 * Only AuthSocket's own refusals end it, since they say that this user will not be back: those carry a code.
 */
export async function deliver(send: Send, line: { id: string; text: string }): Promise<Answer> {
  for (;;) {
    try {
      return await send(line);
    } catch (error) {
      if (hasCode(error)) return { ok: false, error: "not sent, you signed out before" };
    }
  }
}

function hasCode(error: unknown): boolean {
  return error instanceof Error && "code" in error && typeof error.code === "string";
}
