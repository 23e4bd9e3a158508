import type { AuthSocket } from "authsocket";

/** One chat line as the server sends it to everybody who is signed in. `at` is in ms since the epoch. */
export interface ChatMessage {
  readonly id: string;
  readonly from: string;
  readonly text: string;
  readonly at: number;
}

/** The server's answer to a chat line of this page's own. */
export type ChatAnswer = { readonly ok: true } | { readonly ok: false; readonly error: string };

/** What the demo server sends. */
export interface ServerEvents {
  tick: (n: number) => void;
  chat: (message: ChatMessage) => void;
}

/** What the demo server takes. */
export interface ClientEvents {
  ticks: (after: number | null, ack: (answer: { from: number }) => void) => void;
  chat: (line: { id: string; text: string }, ack: (answer: ChatAnswer) => void) => void;
}

/** The AuthSocket of both pages: it is all that the dashboard is given. */
export type DemoSocket = AuthSocket<ServerEvents, ClientEvents>;
