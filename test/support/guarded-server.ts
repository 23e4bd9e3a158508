import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server, type ServerOptions, type Socket } from "socket.io";
import {
  type Socket as ClientSocket,
  type ManagerOptions,
  io as open,
  type SocketOptions,
} from "socket.io-client";
import { onTestFinished } from "vitest";
import { AuthError, type Identity } from "../../src/server/index.ts";
import { Accounts } from "../../src/testing/accounts.ts";

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

let issuers = 0;

/** Issues opaque tokens, each of which begins with "secret-", and knows them again. */
export class Tokens {
  /** Every token that was to be verified. */
  readonly seen: unknown[] = [];
  readonly #accounts = new Accounts({ mark: `secret-${++issuers}`, isOpaque: true });

  issue({ subject = "alice", lifetime = 3_600_000, role = "user" }: TokenOptions = {}): string {
    return this.#accounts.issue({ subject, lifetime, claims: { role } }).tokens.accessToken;
  }

  readonly verify = async (token: string): Promise<Identity<Claims>> => {
    this.seen.push(token);
    const verdict = this.#accounts.verify(token);
    if (verdict instanceof AuthError) throw verdict;
    const { signIn, expiresAt } = verdict;
    return { subject: signIn.subject, expiresAt, claims: signIn.claims as unknown as Claims };
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
  const socket = open(url, {
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

/** Connects until an event comes; or the refusal. */
async function connectUntil(socket: ClientSocket, event: string): Promise<unknown[]> {
  const refused = next(socket, "connect_error").then(([error]) => Promise.reject(error));
  const happened = next(socket, event);
  socket.connect();
  return Promise.race([happened, refused]);
}

/** Connects, also where nobody says hello; or the refusal. */
export async function connect(socket: ClientSocket): Promise<void> {
  await connectUntil(socket, "connect");
}

/** Connects a client and drops it again, so that its session can be recovered. */
export async function leaveSession(io: Server, socket: ClientSocket): Promise<void> {
  await connect(socket);
  const stored = next(socket, "news");
  io.emit("news");
  await stored;
  await drop(io, socket);
}

/** Calls back when a session has been looked up, before Socket.IO hears of it. */
export function whenLookedUp(io: Server, then: () => void): void {
  const { adapter } = io.of("/");
  const { restoreSession } = adapter;
  adapter.restoreSession = async (pid, offset) => {
    const session = await restoreSession.call(adapter, pid, offset);
    then();
    return session;
  };
}

/** Connects; the hello, or the refusal. */
export async function enter(socket: ClientSocket): Promise<{ expiresIn: number }> {
  const [hello] = await connectUntil(socket, "auth:session");
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
