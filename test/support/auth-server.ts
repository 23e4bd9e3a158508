import { once } from "node:events";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server, type ServerOptions, type Socket } from "socket.io";
import { onTestFinished } from "vitest";
import { AuthError } from "../../src/server/auth-error.ts";
import { Accounts } from "../../src/testing/accounts.ts";
import { Happenings } from "./happenings.ts";

const HOUR = 3_600_000;

/** Of every server: what one issues, another one takes. */
const accounts = new Accounts({ mark: "auth-server" });

export interface TokenOptions {
  /** default "alice"; null: a token that names nobody */
  subject?: string | null;
  /** ms from now; negative for one that has expired. default an hour */
  lifetime?: number;
  /** more claims, which win over these; an `exp` is when the token ends */
  claims?: Record<string, unknown>;
}

/** A JWT of this server, different from every other one. */
export function issueToken({ subject = "alice", lifetime = HOUR, claims }: TokenOptions = {}): string {
  const owner = subject === null ? { claims: { sub: undefined, ...claims } } : { subject, claims };
  const { accessToken } = accounts.issue({ ...owner, lifetime }).tokens;
  const access = accounts.find(accessToken);
  if (access && typeof claims?.exp === "number") access.expiresAt = claims.exp * 1000;
  return accessToken;
}

/** Refuses a CONNECT with `data`, which may be any. */
export class Refusal extends Error {
  readonly data: unknown;

  constructor(message: string, data?: unknown) {
    super(message);
    this.data = data;
  }
}

/** A CONNECT packet that reached the server. */
export interface Connect {
  namespace: string;
  /** what the client's `auth` answered, and `pid` and `offset` of a recovery */
  payload: Record<string, unknown>;
}

/** An event that reached the server. */
export interface Received {
  namespace: string;
  /** of the token that the socket connected with, whether it names them or not */
  subject: string | undefined;
  event: string;
  args: unknown[];
}

export interface AuthServerOptions extends Partial<ServerOptions> {
  /** Whether a socket is disconnected at its token's expiry. default false */
  cutAtExpiry?: boolean;
}

/**
 * A Socket.IO server that wants tokens of `issueToken` in every namespace, counts what reaches it, and acknowledges every
 * event with the event's first argument, "hang" excepted.
 */
export class AuthServer {
  readonly io: Server;
  /** What a socket that connects is checked by; throw a `Refusal`. Default: whether it is one of `issueToken`, and unexpired. */
  admit: (token: unknown, socket: Socket) => void | Promise<void> = verify;
  /** How many engines (transports with a handshake) were opened. */
  handshakes = 0;
  /** HTTP requests and upgrades. */
  requests = 0;
  /** Packets of the engine, both ways. */
  packets = 0;
  readonly connects: Connect[] = [];
  /** CONNECTs for a namespace that the same engine had already asked for, or was connected to (B12). */
  doubles = 0;
  /** How many sockets the middleware let in, or were recovered. */
  connections = 0;
  readonly received: Received[] = [];
  readonly #http: HttpServer;
  readonly #happenings = new Happenings();
  readonly #cutAtExpiry: boolean;

  constructor({ cutAtExpiry = false, ...options }: AuthServerOptions = {}) {
    this.#cutAtExpiry = cutAtExpiry;
    this.#http = createServer((_, response) => response.end());
    for (const event of ["request", "upgrade"]) {
      this.#http.on(event, ({ url }) => {
        if (url === FENCE) return;
        this.requests++;
        this.#happenings.happened();
      });
    }
    this.io = new Server(this.#http, { serveClient: false, ...options });
    this.io.engine.on("connection", (engine) => {
      this.handshakes++;
      const joined = new Set<string>();
      engine.on("packet", (packet: EnginePacket) => this.#packet(packet, joined));
      engine.on("packetCreate", (packet: EnginePacket) => {
        const { type, namespace } = readPacket(packet);
        if (type === DISCONNECT || type === CONNECT_ERROR) joined.delete(namespace);
        this.#counted();
      });
      engine.on("close", () => this.#happenings.happened());
      this.#happenings.happened();
    });
    for (const namespace of [this.io.of("/"), this.io.of(/^\/./)]) {
      namespace.use(async (socket, next) => {
        try {
          await this.admit(socket.handshake.auth.token, socket);
          next();
        } catch (error) {
          next(error as Error);
        }
      });
      namespace.on("connection", (socket: Socket) => this.#connected(socket));
    }
  }

  get url(): string {
    // No name to look up, which would take its time beside what quiet() watches.
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  /** Where the engine's requests go; for a refused or hanging handshake. */
  get http(): HttpServer {
    return this.#http;
  }

  /** The tokens that reached the server, in their order. */
  get tokens(): unknown[] {
    return this.connects.map(({ payload }) => payload.token);
  }

  /** The live sockets of all namespaces, or of one. */
  sockets(namespace?: string): Socket[] {
    return [...this.io._nsps.values()]
      .filter(({ name }) => namespace === undefined || name === namespace)
      .flatMap(({ sockets }) => [...sockets.values()]);
  }

  /** The arguments of the events of that name that reached the server. */
  heard(event: string): unknown[] {
    return this.received.filter((received) => received.event === event).map(({ args }) => args[0]);
  }

  /** Disconnects sockets as `socket.disconnect()` does: the client does not come back by itself. */
  kick(namespace?: string): void {
    for (const socket of this.sockets(namespace)) socket.disconnect();
  }

  /** Cuts the transports: the client comes back by itself. */
  drop(): void {
    for (const { conn } of this.sockets()) conn.close();
  }

  /** Waits for a condition, which is looked at whenever something has reached the server. */
  until(condition: () => boolean): Promise<void> {
    return this.#happenings.until(condition);
  }

  /** Waits until what was under way has reached its end: nothing happens during several round trips. */
  async quiet(): Promise<void> {
    for (let still = 0; still < 8; ) {
      const before = this.#activity;
      await this.#roundTrip();
      still = this.#activity === before ? still + 1 : 0;
    }
  }

  async listen(): Promise<this> {
    this.#http.listen(0, "127.0.0.1");
    await once(this.#http, "listening");
    return this;
  }

  async close(): Promise<void> {
    await this.io.close();
    this.#http.closeAllConnections();
  }

  get #activity(): string {
    return [this.handshakes, this.requests, this.packets, this.connections].join();
  }

  async #roundTrip(): Promise<void> {
    const response = await fetch(this.url + FENCE);
    await response.arrayBuffer();
  }

  #counted(): void {
    this.packets++;
    this.#happenings.happened();
  }

  #packet(packet: EnginePacket, joined: Set<string>): void {
    const { type, namespace, payload } = readPacket(packet);
    if (type === CONNECT) {
      this.connects.push({ namespace, payload: JSON.parse(payload || "{}") });
      if (joined.has(namespace)) this.doubles++;
      joined.add(namespace);
    } else if (type === DISCONNECT) {
      joined.delete(namespace);
    }
    this.#counted();
  }

  #connected(socket: Socket): void {
    const { token } = socket.handshake.auth;
    const access = accounts.find(token);
    this.connections++;
    if (this.#cutAtExpiry && access) {
      const timer = setTimeout(() => socket.disconnect(), access.expiresAt - Date.now());
      socket.on("disconnect", () => clearTimeout(timer));
    }
    socket.onAny((event: string, ...args: unknown[]) => {
      const last = args.at(-1);
      const acknowledge = typeof last === "function" ? last : undefined;
      if (acknowledge) args.pop();
      this.received.push({ namespace: socket.nsp.name, subject: access?.signIn.subject, event, args });
      if (event !== "hang") acknowledge?.(args[0]);
      this.#happenings.happened();
    });
    socket.on("disconnect", () => this.#happenings.happened());
    this.#happenings.happened();
  }
}

/** A server on a free port, closed when the test is over. */
export async function startAuthServer(options?: AuthServerOptions): Promise<AuthServer> {
  const server = await new AuthServer(options).listen();
  onTestFinished(() => server.close());
  return server;
}

/** @throws AuthError with the protocol's code, unless the token is of `issueToken` and unexpired */
export function verify(token: unknown): void {
  const verdict = accounts.verify(token);
  if (verdict instanceof AuthError) throw verdict;
}

const FENCE = "/fence";

interface EnginePacket {
  type: string;
  data?: unknown;
}

// Packet types of Socket.IO's protocol.
const CONNECT = "0";
const DISCONNECT = "1";
const CONNECT_ERROR = "4";

function readPacket({ type, data }: EnginePacket): { type: string; namespace: string; payload: string } {
  const text = type === "message" && typeof data === "string" ? data : "";
  const [, kind = "", namespace = "/", payload = ""] = /^(\d)(?:(\/[^,]*),?)?(.*)$/s.exec(text) ?? [];
  return { type: kind, namespace, payload };
}
