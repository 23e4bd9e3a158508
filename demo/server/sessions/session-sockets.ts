import type { Namespace, Socket } from "socket.io";
import type { SessionClientEvents, SessionServerEvents } from "../../socket-events.ts";
import type { InterServerEvents } from "../sockets/node-events.ts";
import type { Visitor } from "./server-sessions.ts";

/** `socket.data` in "/session", where sockets have a cookie instead of a token. */
export interface SessionSocketData {
  visitor: Visitor;
  /** When the session ends if it is not renewed. ms since the epoch */
  expiresAt: number;
}

export type SessionNamespace = Namespace<
  SessionClientEvents,
  SessionServerEvents,
  InterServerEvents,
  SessionSocketData
>;
export type SessionSocket = Socket<
  SessionClientEvents,
  SessionServerEvents,
  InterServerEvents,
  SessionSocketData
>;
