import type { ChatLine as ServerLine } from "../../../socket-events.ts";

/** A line in the chat list. Own lines are shown before the server has them. */
export interface ChatLine {
  readonly id: string;
  readonly text: string;
  readonly from: string;
  readonly own: boolean;
  readonly state: "sending" | "sent" | "failed";
  /** Why it failed, in words. */
  readonly error?: string;
}

/** Lines beyond this many are forgotten, the oldest first. */
const capacity = 200;

/** The list with a line of one's own, not yet at the server. */
export function sendLine(
  lines: readonly ChatLine[],
  line: { id: string; text: string; from: string },
): readonly ChatLine[] {
  return [...lines, { ...line, own: true, state: "sending" as const }].slice(-capacity);
}

/** The list once the server has the line `id`, or has refused it with `error`. */
export function settleLine(lines: readonly ChatLine[], id: string, error?: string): readonly ChatLine[] {
  return lines.map((line): ChatLine => {
    if (line.id !== id) return line;
    return error === undefined ? { ...line, state: "sent" } : { ...line, state: "failed", error };
  });
}

/** The list with a line that the server has sent round: an own one is thereby known to have arrived. */
export function receiveLine(lines: readonly ChatLine[], message: ServerLine): readonly ChatLine[] {
  if (lines.some((line) => line.id === message.id)) return settleLine(lines, message.id);
  const { id, text, from } = message;
  return [...lines, { id, text, from, own: false, state: "sent" as const }].slice(-capacity);
}
