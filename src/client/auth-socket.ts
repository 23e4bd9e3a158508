import type { Socket } from "socket.io-client";
import { onAbort, refuseAborted } from "./abort.ts";
import { AuthSession } from "./auth-session.ts";
import { bindMethods } from "./bound-methods.ts";
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
 * A Socket.IO socket whose access token is always fresh. Its session refreshes the token before it expires. The socket sends
 * it in Socket.IO's `auth`. It gives each new token to the open connection, or reconnects with it. All sockets of a session
 * share one refresh, and tabs take turns.
 *
 * @example
 * const { socket } = new AuthSocket("https://chat.example.com", { refresh: "/api/refresh-token" });
 * socket.on("message", render);
 * socket.emit("message", "hello");
 */
export class AuthSocket<Listen extends EventsMap = DefaultEventsMap, Emit extends EventsMap = Listen>
  implements Subscribable<AuthSocketState>
{
  /** The plain Socket.IO Socket, always the same one. Its own connect() and disconnect() do the same as those here. */
  readonly socket: Socket<Listen, Emit>;
  /** The session that it gets its tokens from. Other sockets and HTTP calls can share it. */
  readonly session: AuthSession;
  readonly #connection: Connection;
  readonly #group: SocketGroup;
  /** Aborted by `dispose()`. */
  readonly #life = new AbortController();

  /**
   * Connects at once. With `autoConnect: false` it does no I/O (B20). By default, outside a browser, it connects only to a
   * server on this machine, and only if the refresh URL is not relative.
   *
   * @param url the server's URL. Its path is the namespace. "/" is the main namespace on this page's origin, as in `io()`
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
    bindMethods(this, "connect", "disconnect", "reconnect", "of", "subscribe", "whenConnected", "dispose");
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
   * Connects. A refresh, if one is needed, runs beside the handshake of the engine connection (with a session cookie: before
   * it). No effect while connecting or connected, or after `dispose()`. After `refused` it asks for a fresh token first. While
   * `signedOut` it only reads the store again: the socket connects after a sign-in.
   *
   * @throws TypeError for a relative URL outside a browser
   */
  connect(): this {
    if (!this.#life.signal.aborted) this.#connection.connect();
    return this;
  }

  /** Closes this socket, and not those of other namespaces. What was not sent is kept for the same user's next `connect()`. */
  disconnect(): this {
    this.#connection.disconnect();
    return this;
  }

  /**
   * Reconnects with a fresh token, after everything has been sent, so that nothing that the app sent is lost. It uses the
   * session's token if that is newer than the connection's, and refreshes it otherwise. If Socket.IO's `reconnection` is off, an
   * open connection stays as it is. If the state is `idle` or `refused`, it refreshes and connects. If it is `signedOut`, it does
   * the same as `connect()`. While `connecting` it refreshes if the socket has a token and waits until `retryAt`, and otherwise does
   * nothing.
   */
  reconnect(): this {
    if (!this.#life.signal.aborted) this.#connection.reconnect();
    return this;
  }

  /**
   * The AuthSocket of another namespace, on the same engine connection and with the same session. Each call for a namespace
   * returns the same object, until that is disposed of.
   *
   * @param namespace with or without the leading slash
   * @throws TypeError if it is not a string; Error after `dispose()`
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
   * Resolves once connected. If nobody has called `connect()`, it waits for that.
   *
   * @throws the state's error if nobody is signed in (`signed_out` if the state has none), if the socket or the guest is
   * refused, if Socket.IO gives up (`unreachable`), or if a fresh token is refused meanwhile (`token_rejected`); the signal's
   * reason; Error after `dispose()`; TypeError for a relative URL outside a browser
   */
  whenConnected({ signal }: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      const life = this.#life.signal;
      if (life.aborted) throw disposed();
      refuseAborted(signal);
      if (this.state.status === "idle") this.#group.admitWithoutPage();
      let unsubscribe = () => {};
      const settle = (settled: () => void) => {
        unsubscribe();
        for (const end of ends) end();
        settled();
      };
      const fail = (error: unknown) => settle(() => reject(error));
      const ends = [onAbort(life, () => fail(disposed())), onAbort(signal, fail)];
      // An error from before this call does not reject it (B7).
      let known: unknown;
      const look = ({ status, error }: AuthSocketState) => {
        const isOver =
          status === "refused" ||
          (status === "idle" && error?.code === "unreachable") ||
          (status === "connecting" && error?.code === "token_rejected" && error !== known);
        if (status === "connected") settle(resolve);
        else if (isOver) fail(error);
        else if (status === "signedOut")
          fail(error ?? new AuthSocketError("signed_out", "nobody is signed in"));
      };
      // Called in a listener, what it is told of may be past already (B11).
      this.#connection.observable.afterwards(() => {
        if (life.aborted || signal?.aborted) return;
        known = this.state.error;
        unsubscribe = this.subscribe(look);
        look(this.state);
      });
    });
  }

  /**
   * Ends it for good: disconnects, and removes every listener and timer. The AuthSockets that its `of()` made end with it, and
   * so does a session that it made. Calling it again does nothing.
   */
  dispose(): void {
    if (this.#life.signal.aborted) return;
    this.#life.abort();
    this.#group.forget(this.#connection);
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
  const own = Object.entries(options).filter(([option]) => option in SESSION_OPTIONS);
  return new AuthSession(Object.fromEntries(own) as unknown as AuthSessionOptions);
}
