import type { Tone } from "../elements/tone.ts";
import type { HandshakeResult } from "./handshake-try.ts";

/** What came of a handshake, for a person: the code, and what happened. */
export function handshakeWords(result: HandshakeResult): {
  readonly tone: Tone;
  readonly label: string;
  readonly detail: string;
} {
  switch (result.kind) {
    case "accepted":
      return { tone: "good", label: "connected", detail: `let in after ${msWords(result.after)}` };
    case "refused":
      return {
        tone: "bad",
        label: result.code,
        detail: `refused after ${msWords(result.after)}, before “connection”`,
      };
    case "notSent":
      return { tone: "bad", label: result.code, detail: "refused by the client, nothing was sent" };
    case "unreachable":
      return { tone: "busy", label: "no answer", detail: "the server was not reached" };
    default:
      return result satisfies never;
  }
}

function msWords(duration: number): string {
  return `${Math.max(1, Math.round(duration))} ms`;
}
