import type { Tone } from "../elements/tone.ts";
import type { HandshakeResult } from "./handshake-try.ts";

/** The outcome of a handshake in words: the code, and what happened. */
export function handshakeWords(result: HandshakeResult): {
  readonly tone: Tone;
  readonly label: string;
  readonly detail: string;
} {
  switch (result.kind) {
    case "accepted":
      return { tone: "good", label: "connected", detail: `accepted after ${msWords(result.after)}` };
    case "refused":
      return {
        tone: "bad",
        label: result.code,
        detail: `refused after ${msWords(result.after)}`,
      };
    case "notSent":
      return { tone: "bad", label: result.code, detail: "refused by the client. Nothing was sent." };
    case "notTried":
      return { tone: "busy", label: "not tried", detail: "there is no valid token at the moment" };
    case "unreachable":
      return { tone: "busy", label: "no answer", detail: "the server could not be reached" };
    default:
      return result satisfies never;
  }
}

function msWords(duration: number): string {
  return `${Math.max(1, Math.round(duration))} ms`;
}
