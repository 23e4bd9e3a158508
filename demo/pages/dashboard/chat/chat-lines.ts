import type { ChatLine as ServerLine } from "../../../socket-events.ts";

/** A message in the chat. The user's own are shown before the server has them. */
export interface ChatLine {
  readonly id: string;
  readonly text: string;
  readonly from: string;
  readonly own: boolean;
  readonly state: "sending" | "sent" | "failed";
  /** Why it failed, in words. */
  readonly error?: string;
}

/** How many messages are kept. The oldest are removed first. */
const capacity = 200;

/** Adds a message of the user's own, which the server does not have yet. */
export function sendLine(
  lines: readonly ChatLine[],
  line: { id: string; text: string; from: string },
): readonly ChatLine[] {
  return [...lines, { ...line, own: true, state: "sending" as const }].slice(-capacity);
}

/** Marks the message `id` as sent, or as failed with `error`. */
export function settleLine(lines: readonly ChatLine[], id: string, error?: string): readonly ChatLine[] {
  return lines.map((line): ChatLine => {
    if (line.id !== id) return line;
    return error === undefined ? { ...line, state: "sent" } : { ...line, state: "failed", error };
  });
}

/** Adds a message from the server. If it is the user's own, this proves that it has arrived. */
export function receiveLine(lines: readonly ChatLine[], message: ServerLine): readonly ChatLine[] {
  if (lines.some((line) => line.id === message.id)) return settleLine(lines, message.id);
  const { id, text, from } = message;
  return [...lines, { id, text, from, own: false, state: "sent" as const }].slice(-capacity);
}
