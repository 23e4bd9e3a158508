import type { Socket } from "socket.io-client";
import { abortReason, refuseAborted } from "./abort.ts";
import { AuthSession } from "./auth-session.ts";
import type { Connection } from "./connection/connection.ts";
import type { AuthSocketState } from "./connection/connection-state.ts";
import type { AuthSocketOptions } from "./connection/options.ts";
import { SocketGroup } from "./connection/socket-group.ts";
import { disposed } from "./connection/socket-patch.ts";
import { AuthSocketError } from "./errors.ts";
import type { Subscribable } from "./observable.ts";
import { check } from "./option-check.ts";
import { type AuthSessionOptions, SESSION_OPTIONS } from "./session/options.ts";

/** Events by name, as Socket.IO constrains them. */
export interface EventsMap {
  // biome-ignore lint/suspicious/noExplicitAny: Socket.IO's own constraint; `unknown` would refuse its users' interfaces
  [event: string]: any;
}

/** Events of any name, with any arguments. */
export interface DefaultEventsMap {
  // biome-ignore lint/suspicious/noExplicitAny: Socket.IO's own default, for code without typed events
  [event: string]: (...args: any[]) => void;
}

/**
 * A Socket.IO socket whose access token is always fresh: read from the store, sent by the `auth` option, renewed before it
 * expires, refreshed once for all, and every socket brought back.
 *
 * @example
 * const { socket } = new AuthSocket("https://chat.example.com", { refresh: "/api/refresh-token" });
 * socket.on("message", render);
 * socket.emit("message", "hello");
 */
export class AuthSocket<Listen extends EventsMap = DefaultEventsMap, Emit extends EventsMap = Listen>
  implements Subscribable<AuthSocketState>
{
  /** The plain Socket.IO Socket, one for life. Its own connect() and disconnect() do what these do. */
  readonly socket: Socket<Listen, Emit>;
  /** The session that feeds it; may be shared with other sockets and with HTTP calls. */
  readonly session: AuthSession;
  readonly #connection: Connection;
  readonly #group: SocketGroup;
  /** Aborted by `dispose()`. */
  readonly #life = new AbortController();

  /**
   * Connects at once, unless `autoConnect` is false: then it does no I/O (B20). Without a page, as in a server-side build,
   * only a server on this machine is connected to at once.
   *
   * @param url of the server; its path is the namespace, and "/" is this origin, as in `io()`
   * @throws TypeError for an invalid URL or option; AuthSocketError `insecure_url` (S3), `token_in_url` (S2)
   */
  constructor(url: string | URL, options: AuthSocketOptions) {
    const children = childOf.get(options);
    const group = children ?? new SocketGroup(url, options, ownSession);
    const namespace = children ? String(url) : group.namespace;
    this.#group = group;
    this.session = group.session;
    this.#connection = group.connection(namespace);
    this.socket = this.#connection.socket as unknown as Socket<Listen, Emit>;
    group.join({ socket: this, connection: this.#connection });
    for (const method of [
      "connect",
      "disconnect",
      "reconnect",
      "of",
      "subscribe",
      "whenConnected",
      "dispose",
    ] as const) {
      Object.defineProperty(this, method, {
        value: this[method].bind(this),
        configurable: true,
        writable: true,
      });
    }
    if (group.autoConnect) this.connect();
  }

  /** Immutable; a new object for each change, the same object until then. */
  get state(): AuthSocketState {
    return this.#connection.observable.value;
  }

  /** The constant `{ status: "idle" }`, for server-side rendering and hydration. */
  get serverState(): AuthSocketState {
    return this.#connection.observable.initial;
  }

  /**
   * Starts the token and the engine's handshake together. No effect while connecting, connected or disposed of. After
   * `refused` it asks for a fresh token first.
   *
   * @throws TypeError for a relative URL where there is no page
   */
  connect(): this {
    if (!this.#life.signal.aborted) this.#connection.connect();
    return this;
  }

  /** Closes this socket; its siblings stay. What is unsent is kept for the same user's next `connect()`. */
  disconnect(): this {
    this.#connection.disconnect();
    return this;
  }

  /**
   * Brings a fresh token to the server at once: by a new connection, drained first so that nothing is lost. The token is
   * the session's, where that is newer than the connection's, else it is refreshed. Connects where it is not connected.
   */
  reconnect(): this {
    if (!this.#life.signal.aborted) this.#connection.reconnect();
    return this;
  }

  /**
   * The AuthSocket of another namespace on the same connection, with the same session; the same one for each call.
   *
   * @param namespace with or without the leading slash
   * @throws TypeError where it is no string
   */
  of<L extends EventsMap = DefaultEventsMap, E extends EventsMap = L>(namespace: string): AuthSocket<L, E> {
    if (this.#life.signal.aborted) throw disposed();
    check(typeof namespace === "string", "namespace", "a string");
    const name = namespace.startsWith("/") ? namespace : `/${namespace}`; // T17
    const existing = this.#group.member(name)?.socket as AuthSocket<L, E> | undefined;
    return existing ?? child<L, E>(name, this.#group);
  }

  /** Calls the listener with each new state. Returns a function that ends it. */
  subscribe(listener: (state: AuthSocketState) => void): () => void {
    return this.#connection.observable.subscribe(listener);
  }

  /**
   * Resolves once connected; waits for `connect()` where nobody has called it.
   *
   * @throws the state's error where it is signed out (`signed_out` where it has none), refused, or has given up
   * (`unreachable`), and where a fresh token is refused while it waits (`token_rejected`); the signal's reason; a TypeError
   * for a relative URL where there is no page
   */
  whenConnected({ signal }: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      const ends = [this.#life.signal, ...(signal ? [signal] : [])];
      if (this.#life.signal.aborted) throw disposed();
      refuseAborted(signal);
      if (this.state.status === "idle") this.#group.admitWithoutPage();
      const settle = (settled: () => void) => {
        unsubscribe();
        for (const end of ends) end.removeEventListener("abort", abort);
        settled();
      };
      const abort = (event: Event) =>
        settle(() => reject(signal && event.target === signal ? abortReason(signal) : disposed()));
      // A refusal that was there before is no answer to one who calls later (B7).
      const { error: known } = this.state;
      const look = ({ status, error }: AuthSocketState) => {
        const isOver =
          status === "refused" ||
          (status === "idle" && error?.code === "unreachable") ||
          (status === "connecting" && error?.code === "token_rejected" && error !== known);
        if (status === "connected") settle(resolve);
        else if (isOver) settle(() => reject(error));
        else if (status === "signedOut") {
          settle(() => reject(error ?? new AuthSocketError("signed_out", "nobody is signed in")));
        }
      };
      for (const end of ends) end.addEventListener("abort", abort);
      const unsubscribe = this.subscribe(look);
      look(this.state);
    });
  }

  /**
   * Final and idempotent: disconnects, takes back every listener and timer, disposes of the `of()` children where this one
   * made them, and of the session where this one made it.
   */
  dispose(): void {
    if (this.#life.signal.aborted) return;
    this.#life.abort();
    this.#connection.dispose();
    this.#group.leave(this.#connection);
  }
}

/** The group of a socket that `of()` makes, by the options that stand for it. */
const childOf = /* @__PURE__ */ new WeakMap<AuthSocketOptions, SocketGroup>();

function child<L extends EventsMap, E extends EventsMap>(
  namespace: string,
  group: SocketGroup,
): AuthSocket<L, E> {
  const options = { session: group.session };
  childOf.set(options, group);
  return new AuthSocket<L, E>(namespace, options);
}

/** The session of an AuthSocket that is not given one. */
function ownSession(options: AuthSocketOptions): AuthSession {
  const own = Object.entries(options).filter(([option]) => SESSION_OPTIONS.includes(option));
  return new AuthSession(Object.fromEntries(own) as unknown as AuthSessionOptions);
}
