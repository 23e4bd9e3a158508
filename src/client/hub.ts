import { Manager } from "socket.io-client";
import { AuthSession, sessionOf } from "./auth-session.ts";
import { Connection, type ConnectionContext } from "./connection.ts";
import { readAddress, refuseInsecure, refuseTokenInUrl } from "./core/address.ts";
import { isTokenRefused } from "./core/refusal.ts";
import { swapEngine } from "./engine-swap.ts";
import { ACK, BINARY_ACK, DISCONNECT, type Packet } from "./packet.ts";
import { browserPlatform } from "./platform/platform.ts";
import { PROMPT_RETURN_WINDOW, returnPromptly } from "./prompt-return.ts";
import { Session } from "./session.ts";
import { type AuthSocketOptions, checkSocketOptions } from "./socket-options.ts";

interface HubMember {
  socket: { dispose(): void };
  connection: Connection;
}

const hubs = new WeakMap<Manager, Hub>();

/** One for all Managers: Socket.IO calls a listener with the Manager as `this`. */
const LISTENERS = {
  open(this: Manager) {
    hubs.get(this)?.opened();
  },
  packet(this: Manager, packet: Packet) {
    // Most packets are acknowledgements, and of no interest.
    if (packet.type !== ACK && packet.type !== BINARY_ACK) hubs.get(this)?.heard(packet);
  },
  close(this: Manager) {
    hubs.get(this)?.closed();
  },
  reconnect_attempt(this: Manager) {
    hubs.get(this)?.retried();
  },
  reconnect_failed(this: Manager) {
    hubs.get(this)?.gaveUp();
  },
};

/** What an AuthSocket and its `of()` children share: one session, one Manager, the options. */
export class Hub implements ConnectionContext {
  /** The machinery behind the session. */
  readonly #machinery: Session;
  readonly autoConnect: boolean;
  /** Where the first of them connects. */
  readonly namespace: string;
  readonly isTokenRefused: ConnectionContext["isTokenRefused"];
  readonly sealed: boolean;
  readonly renewsBy: ConnectionContext["renewsBy"];
  /** The session as the app knows it. Few ask for one that was made for them. */
  #session: AuthSession | undefined;
  #members: HubMember[] = [];
  readonly #ownsSession: boolean;
  readonly #allowInsecure: boolean;
  /** undefined: this page's origin */
  readonly #uri: string | undefined;
  readonly #manager: Manager;
  /** The renewal of the cookie that the engine was opened with. */
  #openedWith: string | undefined;
  /** The engine that is to be replaced, or was the last to be. */
  #swapping: Manager["engine"] | undefined;
  /** When the server last disconnected a namespace. */
  #disconnectedAt: number | undefined;
  readonly #socketOptions: AuthSocketOptions["io"];

  constructor(url: string, options: AuthSocketOptions) {
    checkSocketOptions(options);
    const { io = {}, autoConnect = true, allowInsecure = false } = options;
    refuseTokenInUrl("url", url);
    refuseTokenInUrl("io.query", JSON.stringify(io.query ?? ""));
    refuseTokenInUrl("io.path", `${io.path}`);
    this.#ownsSession = !options.session;
    this.#session = options.session;
    const session = options.session ? sessionOf(options.session) : new Session(options, browserPlatform);
    this.#machinery = session;
    const { uri, namespace, query } = readAddress(
      url,
      () => session.platform.location()?.protocol ?? "https:",
    );
    this.#uri = uri;
    this.#allowInsecure = allowInsecure;
    if (uri) this.admit();
    this.autoConnect = autoConnect;
    this.namespace = namespace;
    this.isTokenRefused = options.isTokenRefused ?? isTokenRefused;
    this.sealed = !!io.retries;
    this.renewsBy = options.renewal === "reconnect" || session.isCookie ? "swap" : "cut";
    this.#socketOptions = io;
    // `io()` would hand out another's cached Manager, with another's options.
    this.#manager = new Manager(uri, {
      ...(session.isCookie && { withCredentials: true }),
      ...(query && { query: Object.fromEntries(new URLSearchParams(query)) }),
      ...io,
      autoConnect: false,
    });
    hubs.set(this.#manager, this);
    // Before any socket of it: when they ask for their CONNECT, it is known what the engine was opened with.
    for (const [event, listener] of Object.entries(LISTENERS)) this.#manager.on(event as "packet", listener);
  }

  get session(): AuthSession {
    this.#session ??= new AuthSession(this.#machinery);
    return this.#session;
  }

  admit(): void {
    const address = this.#uri ?? this.#machinery.platform.location()?.href;
    if (address && !this.#allowInsecure) refuseInsecure("url", address);
  }

  connection(namespace: string): Connection {
    const socket = this.#manager.socket(namespace, this.#socketOptions);
    return new Connection(socket, namespace, this.#machinery, this);
  }

  join(member: HubMember): void {
    this.#members = this.#members.concat(member);
  }

  member(namespace: string): HubMember | undefined {
    return this.#members.find(({ connection }) => connection.namespace === namespace);
  }

  /** The first member takes the others with it, and the session that was made for it. */
  leave(member: Connection): void {
    this.#members = this.#members.filter(({ connection }) => connection !== member);
    if (member.namespace !== this.namespace) return;
    for (const { socket } of this.#members) socket.dispose();
    for (const [event, listener] of Object.entries(LISTENERS)) this.#manager.off(event as "packet", listener);
    if (this.#ownsSession) this.#machinery.dispose();
  }

  opened(): void {
    this.#openedWith = this.#machinery.token;
  }

  heard(packet: Packet): void {
    if (packet.type === DISCONNECT) this.#disconnectedAt = this.#machinery.platform.now();
    this.member(packet.nsp)?.connection.heard(packet);
  }

  closed(): void {
    if (
      this.#machinery.platform.now() - (this.#disconnectedAt ?? Number.NEGATIVE_INFINITY) <=
      PROMPT_RETURN_WINDOW
    ) {
      this.#disconnectedAt = undefined;
      returnPromptly(this.#manager);
    }
    for (const { connection } of this.#members) connection.closed();
  }

  retried(): void {
    this.#machinery.prepare();
    for (const { connection } of this.#members) connection.retried();
  }

  gaveUp(): void {
    for (const { connection } of this.#members) connection.gaveUp();
  }

  reopened(renewal: string): boolean {
    if (renewal === this.#openedWith) return true;
    this.swap();
    return false;
  }

  /** One swap an engine, however many sockets ask for it. */
  swap(): void {
    const { engine } = this.#manager;
    if (this.#swapping === engine) return;
    this.#swapping = engine;
    void swapEngine(
      this.#manager,
      this.#members.flatMap(({ connection }) => connection.outbox ?? []),
      this.#machinery.platform,
    );
  }
}
