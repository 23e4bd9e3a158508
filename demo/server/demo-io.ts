import type { DefaultEventsMap, Server, Socket } from "socket.io";
import type { ClientToServerEvents, ServerToClientEvents } from "../socket-events.ts";
import type { Identity } from "./access-tokens.ts";

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
