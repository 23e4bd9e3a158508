import type { Socket } from "socket.io-client";
import { abortReason, refuseAborted } from "./abort.ts";
import type { AuthSession } from "./auth-session.ts";
import type { AuthSocketState, Connection } from "./connection.ts";
import { AuthSocketError } from "./core/errors.ts";
import { Hub } from "./hub.ts";
import { check } from "./option-check.ts";
import type { AuthSocketOptions } from "./socket-options.ts";

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
export class AuthSocket<Listen extends EventsMap = DefaultEventsMap, Emit extends EventsMap = Listen> {
  /** The plain Socket.IO Socket, one for life. Its own connect() and disconnect() do what these do. */
  readonly socket: Socket<Listen, Emit>;
  readonly #connection: Connection;
  readonly #hub: Hub;
  /** Made when somebody first waits for its end, or at the end. */
  #life: AbortController | undefined;

  /**
   * Connects at once, unless `autoConnect` is false: then it does no I/O (B20).
   *
   * @param url of the server; its path is the namespace, and "/" is this origin, as in `io()`
   * @throws TypeError for a URL or an option that is no good; AuthSocketError `insecure_url` (S3), `token_in_url` (S2)
   */
  constructor(url: string | URL, options: AuthSocketOptions) {
    const hub = options instanceof Hub ? options : new Hub(String(url), options);
    const namespace = options instanceof Hub ? String(url) : hub.namespace;
    this.#hub = hub;
    this.#connection = hub.connection(namespace);
    this.socket = this.#connection.socket as unknown as Socket<Listen, Emit>;
    hub.join({ socket: this, connection: this.#connection });
    this.connect = this.connect.bind(this);
    this.disconnect = this.disconnect.bind(this);
    this.of = this.of.bind(this);
    this.subscribe = this.subscribe.bind(this);
    this.whenConnected = this.whenConnected.bind(this);
    this.dispose = this.dispose.bind(this);
    if (hub.autoConnect) this.connect();
  }

  get #end(): AbortSignal {
    this.#life ??= new AbortController();
    return this.#life.signal;
  }

  /** The session that feeds it; may be shared with other sockets and with HTTP calls. */
  get session(): AuthSession {
    return this.#hub.session;
  }

  /** Immutable; a new object for each change, the same object until then. */
  get state(): AuthSocketState {
    return this.#connection.published.value;
  }

  /** Starts the token and the engine's handshake together. No effect while connecting, connected or disposed of. */
  connect(): this {
    if (!this.#life?.signal.aborted) this.#connection.connect();
    return this;
  }

  /** Closes this socket; its siblings stay. What is unsent is kept for the same user's next `connect()`. */
  disconnect(): this {
    this.#connection.disconnect();
    return this;
  }

  /**
   * The AuthSocket of another namespace on the same connection, with the same session; the same one for each call.
   *
   * @param namespace with or without the leading slash
   * @throws TypeError where it is no string
   */
  of<L extends EventsMap = DefaultEventsMap, E extends EventsMap = L>(namespace: string): AuthSocket<L, E> {
    refuseAborted(this.#life?.signal);
    check(typeof namespace === "string", "namespace", "a string");
    const name = namespace.startsWith("/") ? namespace : `/${namespace}`; // T17
    return (
      (this.#hub.member(name)?.socket as AuthSocket<L, E> | undefined) ??
      new AuthSocket<L, E>(name, this.#hub)
    );
  }

  /** Calls the listener with each new state. Returns its undo. */
  subscribe(listener: (state: AuthSocketState) => void): () => void {
    return this.#connection.published.subscribe(listener);
  }

  /**
   * Resolves once connected; waits for `connect()` where nobody has called it.
   *
   * @throws the state's error where it is signed out or refused (`signed_out` where it has none); the signal's reason
   */
  whenConnected({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      const ends = [this.#end, ...(signal ? [signal] : [])];
      for (const end of ends) refuseAborted(end);
      const settle = (settled: () => void) => {
        unsubscribe();
        for (const end of ends) end.removeEventListener("abort", abort);
        settled();
      };
      const abort = (event: Event) => settle(() => reject(abortReason(event.target as AbortSignal)));
      const look = (state: AuthSocketState) => {
        if (state.status === "connected") settle(resolve);
        else if (state.status === "refused") settle(() => reject(state.error));
        else if (state.status === "signedOut") {
          settle(() => reject(state.error ?? new AuthSocketError("signed_out", "nobody is signed in")));
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
    this.#life ??= new AbortController();
    if (this.#life.signal.aborted) return;
    this.#life.abort(new Error("the AuthSocket was disposed of"));
    this.#connection.dispose();
    this.#hub.leave(this.#connection);
  }
}
