import { Manager, type Socket } from "socket.io-client";
import { AuthSession, sessionOf } from "./auth-session.ts";
import type { ConnectionContext } from "./connection.ts";
import { readAddress, refuseInsecure, refuseTokenInUrl } from "./core/address.ts";
import { isTokenRefused } from "./core/refusal.ts";
import { swapEngine } from "./engine-swap.ts";
import type { Outbox } from "./outbox.ts";
import { returnPromptly } from "./prompt-return.ts";
import { type AuthSocketOptions, checkSocketOptions } from "./socket-options.ts";

interface HubMember {
  socket: { dispose(): void };
  connection: { outbox: Outbox | undefined };
}

/** What an AuthSocket and its `of()` children share: one session, one Manager, the options. */
export class Hub {
  readonly session: AuthSession;
  readonly autoConnect: boolean;
  /** Where the first of them connects. */
  readonly namespace: string;
  readonly context: ConnectionContext;
  /** By namespace. */
  readonly members = new Map<string, HubMember>();
  readonly #ownsSession: boolean;
  readonly #manager: Manager;
  /** The renewal of the cookie that the engine was opened with. */
  #openedWith: string | undefined;
  readonly #returnAtLeisure: () => void;
  /** The engine that is to be replaced, or was the last to be. */
  #swapping: Manager["engine"] | undefined;
  readonly #socketOptions: AuthSocketOptions["io"];

  constructor(url: string, options: AuthSocketOptions) {
    checkSocketOptions(options);
    const { io = {}, autoConnect = true, allowInsecure = false } = options;
    refuseTokenInUrl("url", url);
    refuseTokenInUrl("io.query", JSON.stringify(io.query ?? ""));
    this.#ownsSession = !options.session;
    this.session = options.session ?? new AuthSession(options);
    const session = sessionOf(this.session);
    const { location } = session.platform;
    const { uri, namespace, query } = readAddress(url, () => location()?.protocol ?? "https:");
    const admit = () => {
      const address = uri ?? location()?.href;
      if (address && !allowInsecure) refuseInsecure("url", address);
    };
    if (uri) admit();
    this.autoConnect = autoConnect;
    this.namespace = namespace;
    // `io()` would hand out another's cached Manager, with another's options.
    this.#manager = new Manager(uri, {
      ...(session.isCookie && { withCredentials: true }),
      ...(query && { query: Object.fromEntries(new URLSearchParams(query)) }),
      ...io,
      autoConnect: false,
    });
    this.#returnAtLeisure = returnPromptly(this.#manager, session.platform.now);
    this.#socketOptions = io;
    // Before any socket of it: when they ask for their CONNECT, it is known.
    this.#manager.on("open", this.#opened);
    this.context = {
      session,
      isTokenRefused: options.isTokenRefused ?? isTokenRefused,
      sealed: !!io.retries,
      renewal: options.renewal === "reconnect" || session.isCookie ? "swap" : "cut",
      swap: () => this.#swap(),
      reopened: (renewal) => {
        if (renewal === this.#openedWith) return true;
        this.#swap();
        return false;
      },
      admit,
    };
  }

  readonly #opened = () => {
    this.#openedWith = this.context.session.token;
  };

  socket(namespace: string): Socket {
    return this.#manager.socket(namespace, this.#socketOptions);
  }

  /** One swap an engine, however many sockets ask for it. */
  #swap(): void {
    const { engine } = this.#manager;
    if (this.#swapping === engine) return;
    this.#swapping = engine;
    void swapEngine(
      this.#manager,
      [...this.members.values()].flatMap(({ connection }) => connection.outbox ?? []),
      this.context.session.platform,
    );
  }

  /** The first member takes the others with it, and the session that was made for it. */
  leave(namespace: string): void {
    this.members.delete(namespace);
    if (namespace !== this.namespace) return;
    this.#manager.off("open", this.#opened);
    for (const { socket } of [...this.members.values()]) socket.dispose();
    this.#returnAtLeisure();
    if (this.#ownsSession) this.session.dispose();
  }
}
