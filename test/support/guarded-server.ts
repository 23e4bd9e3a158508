import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server, type ServerOptions, type Socket } from "socket.io";
import {
  type Socket as ClientSocket,
  io as connect,
  type ManagerOptions,
  type SocketOptions,
} from "socket.io-client";
import { onTestFinished } from "vitest";
import { AuthError, type Identity } from "../../src/server/index.ts";

export interface Claims {
  role: string;
}

export interface TokenOptions {
  /** default "alice" */
  subject?: string;
  /** ms from now; negative for one that has expired. default an hour */
  lifetime?: number;
  /** default "user" */
  role?: string;
}

/** Issues opaque tokens and knows them again. */
export class Tokens {
  /** Every token that was to be verified. */
  readonly seen: unknown[] = [];
  readonly #identities = new Map<string, Identity<Claims>>();

  issue({ subject = "alice", lifetime = 3_600_000, role = "user" }: TokenOptions = {}): string {
    const token = `secret-${randomUUID()}`;
    this.#identities.set(token, { subject, expiresAt: Date.now() + lifetime, claims: { role } });
    return token;
  }

  revoke(token: string): void {
    this.#identities.delete(token);
  }

  readonly verify = async (token: string): Promise<Identity<Claims>> => {
    this.seen.push(token);
    const identity = this.#identities.get(token);
    if (!identity) throw new AuthError("token_invalid");
    if (identity.expiresAt <= Date.now()) throw new AuthError("token_expired");
    return identity;
  };
}

/** A plain Socket.IO server on a free port, closed when the test is over. `authenticate` is the test's to call. */
export async function startServer(
  options: Partial<ServerOptions> = {},
): Promise<{ io: Server; url: string }> {
  const http = createServer();
  const io = new Server(http, { serveClient: false, ...options });
  http.listen(0);
  await once(http, "listening");
  onTestFinished(async () => {
    await io.close();
    http.closeAllConnections();
  });
  return { io, url: `http://localhost:${(http.address() as AddressInfo).port}` };
}

/** A plain Socket.IO client that has not connected yet, disconnected when the test is over. */
export function client(
  url: string,
  auth: SocketOptions["auth"],
  options: Partial<ManagerOptions> = {},
): ClientSocket {
  const socket = connect(url, {
    forceNew: true,
    autoConnect: false,
    reconnection: false,
    transports: ["websocket"],
    ...options,
    ...(auth && { auth }),
  });
  onTestFinished(() => {
    socket.disconnect();
  });
  return socket;
}

/** The next event of that name; what it brought. Bounded by the test's own timeout. */
export function next(socket: ClientSocket | Socket, event: string): Promise<unknown[]> {
  return new Promise((resolve) => {
    (socket as ClientSocket).once(event, (...args: unknown[]) => resolve(args));
  });
}

/** A CONNECT_ERROR as the client gets it. */
export interface Refused {
  message: string;
  data?: unknown;
}

/** Connects; the hello, or the refusal. */
export async function enter(socket: ClientSocket): Promise<{ expiresIn: number }> {
  const refused = next(socket, "connect_error").then(([error]) => Promise.reject(error));
  const welcomed = next(socket, "auth:session");
  socket.connect();
  const [hello] = await Promise.race([welcomed, refused]);
  return hello as { expiresIn: number };
}

/** Connects, and is refused. */
export async function refusal(socket: ClientSocket): Promise<Refused> {
  const refused = next(socket, "connect_error");
  socket.connect();
  const [error] = await refused;
  const { message, data } = error as Refused;
  return { message, data };
}

/** The server's end of a connection. */
export function serverSide(io: Server, socket: ClientSocket, namespace = "/"): Socket {
  const found = io.of(namespace).sockets.get(socket.id ?? "");
  if (!found) throw new Error("the client is not connected");
  return found;
}

/** Breaks the transport, as a lost network does; both ends know it then. */
export async function drop(io: Server, socket: ClientSocket, namespace = "/"): Promise<void> {
  const server = serverSide(io, socket, namespace);
  const gone = Promise.all([next(socket, "disconnect"), next(server, "disconnect")]);
  server.conn.close();
  await gone;
}
