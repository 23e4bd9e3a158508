import type { Identity } from "authsocket/server";
import type { Namespace, Server, Socket } from "socket.io";
import type {
  AdminClientEvents,
  AdminServerEvents,
  ClientToServerEvents,
  PublicClientEvents,
  PublicServerEvents,
  ServerToClientEvents,
} from "../../socket-events.ts";
import type { Claims } from "../tokens/claims.ts";
import type { InterServerEvents } from "./node-events.ts";

/** Set by `authenticate`, or by the handshake middleware. */
export interface SocketData {
  auth: Identity<Claims>;
  /** Only in "/public": whether nobody is signed in on the same connection. */
  guest?: boolean;
}

/** The Socket.IO server. It also stands for its main namespace, "/". */
export type DemoIo = Server<ClientToServerEvents, ServerToClientEvents, InterServerEvents, SocketData>;
export type DemoSocket = Socket<ClientToServerEvents, ServerToClientEvents, InterServerEvents, SocketData>;

export type AdminNamespace = Namespace<AdminClientEvents, AdminServerEvents, InterServerEvents, SocketData>;

export type PublicNamespace = Namespace<
  PublicClientEvents,
  PublicServerEvents,
  InterServerEvents,
  Pick<SocketData, "guest">
>;
