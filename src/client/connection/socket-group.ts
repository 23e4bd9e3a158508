import { Manager, type Socket } from "socket.io-client";
import type { AuthSession } from "../auth-session.ts";
import { check } from "../option-check.ts";
import { hasPage } from "../platform/platform.ts";
import type { Session } from "../session/session.ts";
import { isLoopback, refuseInsecure, refuseTokenInUrl } from "../token/secrecy.ts";
import { readAddress } from "./address.ts";
import { Connection, type ConnectionContext } from "./connection.ts";
import { FastReconnect } from "./fast-reconnect.ts";
import { reconnectGracefully } from "./graceful-reconnect.ts";
import { NamespaceGate } from "./namespace-gate.ts";
import { type AuthSocketOptions, checkSocketOptions } from "./options.ts";
import { ACK, BINARY_ACK, DISCONNECT, type Packet } from "./packet.ts";
import { listenFirst, putOffOpen, socketsOf } from "./socket-patch.ts";

interface Member {
  socket: { dispose(): void };
  connection: Connection;
}

/** What an AuthSocket and its `of()` children share: one session, one Manager, the options. */
export class SocketGroup implements ConnectionContext {
  readonly session: AuthSession;
  readonly autoConnect: boolean;
  /** Where the first of them connects. */
  readonly namespace: string;
  readonly options: AuthSocketOptions;
  readonly hasQueue: boolean;
  readonly renewal: ConnectionContext["renewal"];
  readonly handshake = {};
  readonly outage = {};
  readonly #session: Session;
  /** undefined: this page's origin */
  readonly #uri: string | undefined;
  readonly #manager: Manager;
  readonly #fastReconnect: FastReconnect;
  readonly #dropListeners: () => void;
  /** By namespace. */
  readonly #members = new Map<string, Member>();
  /** By namespace. One outlives its socket, whose CONNECT may still be answered. */
  readonly #gates = new Map<string, NamespaceGate>();
  /** Does what has been put off until the Manager is closed. */
  readonly #openAnew: () => void;
  /** B18: what was disposed of has numbered its questions up to here. A late answer is not the next Socket's, which goes on. */
  #ids = 0;
  /** The Manager is telling of its close. Sockets that are made by then wait, too (T11). */
  #isClosing = false;
  /** The refresh of the cookie that the engine's handshake carried. */
  #openedWith: string | undefined;
  /** The engine that is to be replaced, or was the last to be. */
  #replacing: Manager["engine"] | undefined;

  /** @param own makes the session of an AuthSocket that is not given one */
  constructor(
    given: string | URL,
    options: AuthSocketOptions,
    own: (options: AuthSocketOptions) => AuthSession,
  ) {
    check(typeof given === "string" || given instanceof URL, "url", 'a URL, or a path that starts with "/"');
    const url = String(given);
    checkSocketOptions(options);
    this.options = { ...options };
    const { io = {}, autoConnect } = options;
    refuseTokenInUrl("url", url);
    refuseTokenInUrl("io.query", JSON.stringify(io.query ?? ""));
    refuseTokenInUrl("io.path", `${io.path}`);
    this.session = options.session ?? own(options);
    const session = this.session["~session"] as Session;
    this.#session = session;
    const { platform } = session;
    const { uri, namespace, query } = readAddress(url, () => platform.location()?.protocol ?? "https:");
    this.#uri = uri;
    if (uri) this.admit();
    // B20: what could only fail is left alone.
    this.autoConnect = autoConnect ?? (hasPage(platform) || (isLoopback(`${uri}`) && !session.needsPage));
    this.namespace = namespace;
    this.hasQueue = !!io.retries;
    this.renewal = options.renewal === "reconnect" || session.isCookie ? "reconnect" : "cut";
    // `io()` would hand out another's cached Manager, with another's options.
    this.#manager = new Manager(uri, {
      ...(session.isCookie && { withCredentials: true }),
      ...(query && { query: Object.fromEntries(new URLSearchParams(query)) }),
      ...io,
      autoConnect: false,
    });
    this.#fastReconnect = new FastReconnect(this.#manager);
    this.#openAnew = putOffOpen(this.#manager, () => this.#isClosing, platform.report);
    this.#dropListeners = listenFirst(
      this.#manager,
      {
        packet: (packet: Packet) => this.#heard(packet),
        error: () => this.#shutGates(),
        close: () => this.#closed(),
        reconnect_attempt: () => this.#retried(),
        reconnect_failed: () => this.#gaveUp(),
      },
      platform.report,
    );
  }

  admit(): void {
    const address = this.#uri ?? this.#session.platform.location()?.href;
    check(address !== undefined, "url", "an absolute URL outside a browser");
    if (!this.options.allowInsecure) refuseInsecure("url", address);
  }

  /** @throws TypeError for a relative URL where there is no page, and nothing will ever come of waiting (B20) */
  admitWithoutPage(): void {
    if (hasPage(this.#session.platform)) return;
    this.admit();
    this.#session.admit();
  }

  connection(namespace: string): Connection {
    const isPlain = namespace in socketsOf(this.#manager);
    const socket = this.#manager.socket(namespace, this.options.io);
    // The app may have asked something with this one already, as a plain Socket of the Manager.
    this.#keepIds(socket);
    Object.assign(socket, { ids: this.#ids });
    const gate =
      this.#gates.get(namespace) ??
      new NamespaceGate(namespace, this.#session.platform, () => this.#isClosing);
    this.#gates.set(namespace, gate);
    // T4: its CONNECT is unanswered. Whether an `auth` function has answered cannot be told.
    const isAsked =
      typeof socket.auth !== "function" &&
      socket.active &&
      !socket.connected &&
      socket.io.engine?.readyState === "open";
    const connection = new Connection(socket, gate, this.#session, this, isPlain);
    // By nobody whom the session knows.
    if (isAsked) gate.sent(Number.NaN);
    return connection;
  }

  join(member: Member): void {
    const { namespace, socket } = member.connection;
    this.#members.set(namespace, member);
    // B11: one that the app has connected as a plain Socket connects anew, with the session's token. Only now, since a listener
    // of its "disconnect" may ask for the namespace; another listener of the app's may throw.
    try {
      this.#gates.get(namespace)?.close(socket);
    } catch (error) {
      this.#session.platform.report(error);
    }
  }

  member(namespace: string): Member | undefined {
    return this.#members.get(namespace);
  }

  get #connections(): Connection[] {
    return [...this.#members.values()].map(({ connection }) => connection);
  }

  hasSibling(connection: Connection): boolean {
    return this.#connections.some((other) => other !== connection && other.isConnected);
  }

  /** From now on, of() makes another for its namespace. */
  forget({ namespace, socket }: Connection): void {
    this.#members.delete(namespace);
    this.#keepIds(socket);
    // B16, T6: the next of() gets a Socket of its own. The Manager would hand out the previous user's, with its queue and its
    // recovery.
    Reflect.deleteProperty(socketsOf(this.#manager), namespace);
  }

  #keepIds(socket: Socket): void {
    // Private, and renamed by no build.
    this.#ids = Math.max(this.#ids, (socket as unknown as { ids: number }).ids);
  }

  /** The first member takes the others with it, and the session that was made for it. */
  leave(member: Connection): void {
    // Once what was decided before is done: the Socket may be still to be closed (B11).
    const { reactions } = this.#session;
    reactions.react(() => {
      for (const [namespace, gate] of this.#gates) {
        if (!gate.isShut && !this.member(namespace)) this.#gates.delete(namespace);
      }
    });
    reactions.run();
    if (member.namespace !== this.namespace) return;
    for (const { socket } of [...this.#members.values()]) socket.dispose();
    this.#closed();
    this.#dropListeners();
    if (!this.options.session) this.session.dispose();
  }

  hasSeen(renewal: string | undefined): boolean {
    if (renewal === this.#openedWith || !this.#manager.reconnection()) return true;
    this.reconnectGracefully();
    return false;
  }

  /** Once an engine, however many sockets ask for it. */
  reconnectGracefully(): void {
    const { engine } = this.#manager;
    if (this.#replacing === engine) return;
    this.#replacing = engine;
    const trackers = this.#connections.map(({ tracker }) => tracker);
    void reconnectGracefully(this.#manager, trackers, this.#fastReconnect, this.#session.platform);
  }

  /** The browser attaches the cookie as the handshake leaves: a refresh that comes before its answer is too late for it. */
  opening(): void {
    if (!/^open/.test(this.#manager.engine?.readyState)) this.#openedWith = this.#session.currentToken;
  }

  #heard(packet: Packet): void {
    // Most packets are acknowledgements, and of no interest.
    if (packet.type === ACK || packet.type === BINARY_ACK) return;
    if (packet.type === DISCONNECT) this.#fastReconnect.expect(this.#session.platform.now());
    // No Socket has that name, so none hears of it.
    if (this.#gates.get(packet.nsp)?.heard(packet.type)) packet.nsp = "";
    this.member(packet.nsp)?.connection.heard(packet);
  }

  #closed(): void {
    this.#fastReconnect.closed(this.#session.platform.now());
    this.#shutGates();
  }

  /** T11: in the midst of the Manager's "close", and of the "error" of its first handshake, nothing is to be opened. */
  #shutGates(): void {
    for (const gate of this.#gates.values()) gate.closed();
    if (this.#isClosing) return;
    this.#isClosing = true;
    // By a promise: the fake timers of an app's tests hold back what queueMicrotask() is given.
    void Promise.resolve().then(() => {
      this.#isClosing = false;
      for (const gate of this.#gates.values()) gate.goOn();
      this.#openAnew();
    });
  }

  #retried(): void {
    this.#session.prepare();
    this.opening();
    for (const connection of this.#connections) connection.retried();
  }

  #gaveUp(): void {
    for (const connection of this.#connections) connection.gaveUp();
  }
}
