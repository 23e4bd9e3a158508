import { EventEmitter } from "node:events";
import { AuthSession, AuthSocket, type AuthSocketOptions, memoryStore } from "authsocket";
import { Server, type ServerOptions } from "socket.io";
import { PacketType } from "socket.io-parser";
import { onTestFinished } from "vitest";
import { browserPlatform } from "../../src/client/platform/platform.ts";
import {
  type Carrier,
  type ClientEnd,
  type End,
  type EnginePacket,
  Line,
} from "../../src/testing/wire/line.ts";
import { memoryTransport } from "../../src/testing/wire/memory-transport.ts";
import type { RefreshOptions } from "./refresh-options.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** ms that a message is under way. */
const LATENCY = 5;

/** Longer than any test: a line that breaks is told of. */
const NEVER = 1e9;

/** How a CONNECT begins. */
const CONNECT = `${PacketType.CONNECT}`;

/** The server's end of a line, as Socket.IO's server uses an engine's socket. */
class EngineSocket extends EventEmitter implements End {
  readonly protocol = 4;
  readonly transport = { writable: true, name: "websocket" };
  readonly request = { headers: {}, connection: {}, url: "/socket.io/", _query: {} };
  readonly remoteAddress = "virtual";
  readonly id: string;
  readyState: "open" | "closed" = "open";
  readonly #line: Line;
  readonly #server: VirtualServer;

  constructor(id: string, line: Line, server: VirtualServer) {
    super();
    this.id = id;
    this.#line = line;
    this.#server = server;
  }

  opened(): void {
    const hello = { sid: this.id, upgrades: [], pingInterval: NEVER, pingTimeout: NEVER, maxPayload: 1e6 };
    this.#line.toClient({ type: "open", data: JSON.stringify(hello) });
    this.#server.opened(this);
  }

  write(data: string): void {
    if (this.readyState === "open") this.#line.toClient({ type: "message", data });
  }

  heard({ data }: EnginePacket): void {
    if (this.readyState !== "open") return;
    this.#server.heard(String(data));
    this.emit("data", data);
    this.emit("message", data);
  }

  /** Once what it has written has arrived. */
  close(): void {
    if (this.readyState !== "open") return;
    setTimeout(() => this.#line.break(), LATENCY);
    this.#ended("forced close");
  }

  closed(): void {
    if (this.readyState === "open") this.#ended("transport close");
  }

  #ended(reason: string): void {
    this.readyState = "closed";
    this.emit("close", reason);
  }
}

/** What a client of the virtual server may have that others have not. */
export interface VirtualClient {
  /** Default: one whose first token is no good. */
  session?: Partial<RefreshOptions>;
  socket?: Partial<Omit<AuthSocketOptions, keyof RefreshOptions>>;
  /** ms by which its clock goes ahead */
  ahead?: number;
}

/** A real Socket.IO server, whose lines to its clients are in memory and take virtual time. */
export class VirtualServer {
  readonly io: Server;
  /** How many CONNECT packets have reached it, and when, in ms since the epoch. */
  readonly connects: number[] = [];
  readonly #engine = new EventEmitter();
  readonly #sockets = new Set<EngineSocket>();
  #count = 0;

  constructor(_: VirtualTime, options: Partial<ServerOptions> = {}) {
    this.io = new Server(options);
    this.io.bind(Object.assign(this.#engine, { close: () => this.drop() }) as never);
    onTestFinished(() => this.io.close());
  }

  /** Breaks all lines, as a server does that is started anew. */
  drop(): void {
    for (const socket of [...this.#sockets]) socket.close();
  }

  /** An AuthSocket of this server, with a session, a clock and a page of its own. */
  connect({ session = {}, socket = {}, ahead = 0 }: VirtualClient): AuthSocket {
    const platform = { ...browserPlatform, now: () => Date.now() + ahead, leases: () => undefined };
    const store = memoryStore();
    const own = new AuthSession({ store, refresh: () => null, ...session } as RefreshOptions, platform);
    const auth = new AuthSocket("https://virtual.test", {
      autoConnect: true,
      ...socket,
      session: own,
      io: { transports: [memoryTransport((client) => this.#dial(client))], ...socket.io },
    });
    onTestFinished(() => {
      auth.dispose();
      own.dispose();
    });
    return auth;
  }

  opened(socket: EngineSocket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    this.#engine.emit("connection", socket);
  }

  heard(packet: string): void {
    if (packet.startsWith(CONNECT)) this.connects.push(Date.now());
  }

  #dial(client: ClientEnd): Line {
    const carry: Carrier = (_, deliver) => setTimeout(deliver, LATENCY);
    const line = new Line(carry, client, (line) => new EngineSocket(`engine ${++this.#count}`, line, this));
    line.open();
    return line;
  }
}
