import type { DefaultEventsMap, Server, Socket } from "socket.io";
import type { Identity } from "./access-tokens.ts";

export interface ChatLine {
  id: string;
  from: string;
  text: string;
  /** ms since the epoch */
  at: number;
}

export type ChatAnswer = { ok: true } | { ok: false; error: string };

export interface TicksAnswer {
  /** The first tick that the socket will have been sent. */
  from: number;
}

export interface ServerToClientEvents {
  tick: (n: number) => void;
  chat: (line: ChatLine) => void;
}

export interface ClientToServerEvents {
  /** Asks for the ticks after one that has arrived; null: from now on. */
  ticks: (after: number | null, reply: (answer: TicksAnswer) => void) => void;
  /** Says one line. The sender makes the id, so that sending it again is harmless. */
  chat: (line: { id: string; text: string }, reply: (answer: ChatAnswer) => void) => void;
}

export interface SocketData {
  identity: Identity;
}

export type DemoIo = Server<ClientToServerEvents, ServerToClientEvents, DefaultEventsMap, SocketData>;
export type DemoSocket = Socket<ClientToServerEvents, ServerToClientEvents, DefaultEventsMap, SocketData>;

/** What a client sends as its acknowledgement may be anything, or missing; calling it would end the process. */
export function acknowledge<Answer>(reply: unknown): (answer: Answer) => void {
  return (answer) => {
    if (typeof reply === "function") reply(answer);
  };
}
