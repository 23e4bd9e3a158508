import type { Identity } from "authsocket/server";
import type { Namespace, Server, Socket } from "socket.io";
import type {
  AdminClientEvents,
  AdminServerEvents,
  ClientToServerEvents,
  PublicClientEvents,
  PublicServerEvents,
  ServerToClientEvents,
  SessionClientEvents,
  SessionServerEvents,
} from "../../socket-events.ts";
import type { Visitor } from "../sessions/server-sessions.ts";
import type { Claims } from "../tokens/access-tokens.ts";
import type { InterServerEvents } from "./node-events.ts";

/** Put there by `authenticate`, or by the handshake middleware. */
export interface SocketData {
  auth: Identity<Claims>;
  /** Of "/public": somebody who is signed in on the same connection is none. */
  guest?: boolean;
}

/** Of "/session", where nobody has a token. */
export interface SessionSocketData {
  visitor: Visitor;
  /** When the session ends unless it is renewed, in ms since the epoch. */
  expiresAt: number;
}

/** The server; by itself it stands for its main namespace. */
export type DemoIo = Server<ClientToServerEvents, ServerToClientEvents, InterServerEvents, SocketData>;
export type DemoSocket = Socket<ClientToServerEvents, ServerToClientEvents, InterServerEvents, SocketData>;

export type AdminNamespace = Namespace<AdminClientEvents, AdminServerEvents, InterServerEvents, SocketData>;

export type PublicNamespace = Namespace<
  PublicClientEvents,
  PublicServerEvents,
  InterServerEvents,
  Pick<SocketData, "guest">
>;

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
