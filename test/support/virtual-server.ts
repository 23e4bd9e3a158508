import { EventEmitter } from "node:events";
import { AuthSession, AuthSocket, type AuthSocketOptions, memoryStore } from "authsocket";
import { Server, type ServerOptions } from "socket.io";
import { WebSocket as WebSocketTransport } from "socket.io-client";
import { onTestFinished } from "vitest";
import { browserPlatform } from "../../src/client/platform/platform.ts";
import type { RefreshOptions } from "./refresh-options.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** ms that a message is under way. */
const LATENCY = 5;

/** Longer than any test: a line that breaks is told of. */
const NEVER = 1e9;

/** The client's end of a line, as engine.io-client uses a WebSocket. */
class Near {
  onopen: () => void = () => {};
  onmessage: (event: { data: string }) => void = () => {};
  onclose: (event: object) => void = () => {};
  onerror: (event: object) => void = () => {};
  binaryType = "blob";
  send: (text: string) => void = () => {};
  close: () => void = () => {};
}

/** The server's end of a line, as Socket.IO's server uses an engine's socket. */
class Far extends EventEmitter {
  readonly protocol = 4;
  readonly transport = { writable: true, name: "websocket" };
  readonly request = { headers: {}, connection: {}, url: "/socket.io/", _query: {} };
  readonly remoteAddress = "virtual";
  readonly id: string;
  readyState: "open" | "closed" = "open";
  readonly #toClient: (text: string) => void;
  readonly #hangUp: () => void;

  constructor(id: string, toClient: (text: string) => void, hangUp: () => void) {
    super();
    this.id = id;
    this.#toClient = toClient;
    this.#hangUp = hangUp;
  }

  write(text: string): void {
    if (this.readyState === "open") this.#toClient(`4${text}`);
  }

  heard(text: string): void {
    if (this.readyState !== "open") return;
    this.emit("data", text.slice(1));
    this.emit("message", text.slice(1));
  }

  close(): void {
    if (this.readyState !== "open") return;
    this.#hangUp();
    this.ended("forced close");
  }

  ended(reason: string): void {
    if (this.readyState !== "open") return;
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
  readonly #lines = new Set<Far>();
  #count = 0;

  constructor(_: VirtualTime, options: Partial<ServerOptions> = {}) {
    this.io = new Server(options);
    this.io.bind(Object.assign(this.#engine, { close: () => this.drop() }) as never);
    onTestFinished(() => this.io.close());
  }

  /** Breaks all lines, as a server does that is started anew. */
  drop(): void {
    for (const line of [...this.#lines]) line.close();
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
      io: { transports: [this.#transport()], ...socket.io },
    });
    onTestFinished(() => {
      auth.dispose();
      own.dispose();
    });
    return auth;
  }

  #transport(): typeof WebSocketTransport {
    const open = () => this.#open();
    return class extends WebSocketTransport {
      override createSocket(): Near {
        return open();
      }

      override doWrite(_: unknown, data: string): void {
        this.ws.send(data);
      }
    };
  }

  #open(): Near {
    const near = new Near();
    let isOpen = true;
    const toClient = (deliver: () => void) => setTimeout(() => isOpen && deliver(), LATENCY);
    const hangUp = () => {
      this.#lines.delete(far);
      toClient(() => {
        isOpen = false;
        near.onclose({});
      });
    };
    const id = `engine ${++this.#count}`;
    const far = new Far(id, (text) => toClient(() => near.onmessage({ data: text })), hangUp);
    near.send = (text) => {
      setTimeout(() => {
        if (far.readyState === "open" && text.startsWith("40")) this.connects.push(Date.now());
        far.heard(text);
      }, LATENCY);
    };
    near.close = () => {
      isOpen = false;
      setTimeout(() => {
        this.#lines.delete(far);
        far.ended("transport close");
      }, LATENCY);
    };
    setTimeout(() => {
      if (!isOpen) return;
      this.#lines.add(far);
      toClient(() => near.onopen());
      const hello = { sid: id, upgrades: [], pingInterval: NEVER, pingTimeout: NEVER, maxPayload: 1e6 };
      toClient(() => near.onmessage({ data: `0${JSON.stringify(hello)}` }));
      this.#engine.emit("connection", far);
    }, LATENCY);
    return near;
  }
}
