import {
  AuthSession,
  AuthSocket,
  type AuthSocketOptions,
  type DefaultEventsMap,
  type EventsMap,
  type TokenSet,
} from "authsocket";
import type { RefusalCode } from "../protocol.ts";
import type { IssueOptions } from "./accounts.ts";
import type { RefuseOptions, TestRefusal } from "./admission.ts";
import { ORIGIN, type TestSessionOptions, type TestSocketOptions } from "./client.ts";
import { clientTokens } from "./client-tokens.ts";
import { OtherTab } from "./other-tab.ts";
import { ServerCore } from "./server-core.ts";
import type { ServerSocket } from "./server-socket.ts";
import type { TabStore } from "./tab-store.ts";
import { isFor, nameOf, type Target } from "./target.ts";
import { TestNamespace } from "./test-namespace.ts";
import type { TestRefresh } from "./test-refresh.ts";
import { checkTransportClasses } from "./wire/memory-transport.ts";

export interface TestServerOptions {
  /** Whether sockets without a token are connected as guests. Default: false. */
  guests?: boolean | undefined;
}

/** The time of a test. */
export interface TestClock {
  /**
   * Lets so many ms pass, for timers, tokens, sessions and backoffs together. It goes from timer to timer, and waits for the
   * effects of each. It resolves when all is settled.
   */
  advance(ms: number): Promise<void>;
}

/**
 * A Socket.IO server and a refresh endpoint in memory, whose clients are real AuthSockets. Its own `on`, `emit` and
 * `received` are those of the namespace "/". Use `of()` for another one.
 *
 * @typeParam Listen what the app sends
 * @typeParam Emit what the server sends
 */
export class TestServer<
  Listen extends EventsMap = DefaultEventsMap,
  Emit extends EventsMap = DefaultEventsMap,
> extends TestNamespace<Listen, Emit> {
  /** The refresh endpoint. */
  readonly refresh: TestRefresh;
  readonly clock: TestClock;
  /** Another tab of the app's browser. If several clients have a store each, use `otherTabOf()`. */
  readonly otherTab: OtherTab;
  /** The refused connections and renewals, in order. */
  readonly refusals: readonly TestRefusal[];
  readonly #core: ServerCore;
  readonly #namespaces = new Map<string, TestNamespace>();

  constructor({ guests = false }: TestServerOptions = {}) {
    checkTransportClasses();
    const core = new ServerCore(guests);
    super(core.namespace("/"));
    this.#core = core;
    this.#namespaces.set("/", this as unknown as TestNamespace);
    this.refresh = core.refresh;
    this.refusals = core.admission.refusals;
    this.clock = { advance: (ms) => core.advance(ms) };
    this.otherTab = this.#tab(() => core.clients.onlyStore);
  }

  /**
   * Makes an AuthSocket that connects to this server. `close()` disposes of it. By default it connects at once, keeps its tokens
   * in a store of its own and refreshes them at this server's endpoint.
   *
   * @param options the options of your app. Any `refresh` URL is answered by this server
   * @param namespace default: "/"
   */
  socket(options: TestSocketOptions = {}, namespace = "/"): AuthSocket<Emit, Listen> {
    const client = this.#core.client(options);
    const socket = new AuthSocket<Emit, Listen>(new URL(namespace, ORIGIN), client.socketOptions());
    client.socket = socket as unknown as AuthSocket;
    this.#core.clients.addSocket(client.socket, client);
    return socket;
  }

  /** Makes an AuthSession that refreshes at this server's endpoint, for `server.socket({ session })` and HTTP calls. */
  session(options: TestSessionOptions = {}): AuthSession {
    const client = this.#core.client(options as TestSocketOptions);
    const session = new AuthSession(client.sessionOptions());
    this.#core.clients.addSession(session, client);
    return session;
  }

  /**
   * Returns the options that `server.socket()` gives to its AuthSocket, for an app that makes its own with any URL. The app must
   * dispose of it.
   */
  options(options: TestSocketOptions = {}): AuthSocketOptions {
    const client = this.#core.client(options);
    const own = client.socketOptions();
    this.#core.clients.add(client);
    return own;
  }

  /** Another namespace. */
  of<L extends EventsMap = DefaultEventsMap, E extends EventsMap = DefaultEventsMap>(
    namespace: string,
  ): TestNamespace<L, E> {
    const name = nameOf(namespace);
    const known = this.#namespaces.get(name) ?? new TestNamespace(this.#core.namespace(name));
    this.#namespaces.set(name, known);
    return known as unknown as TestNamespace<L, E>;
  }

  /** Returns the tokens of a new sign-in, for `session.signIn()` or a store. */
  issue(options?: IssueOptions): TokenSet {
    return clientTokens(this.#core.accounts.issue(options).tokens);
  }

  /**
   * The same, as a login that also sets an HttpOnly refresh cookie. With it, clients without a refresh token can refresh, and
   * clients with `credential: "cookie"` can connect.
   */
  login(options?: IssueOptions): TokenSet {
    return clientTokens(this.#core.login.login(options));
  }

  /** Ends the cookie's sign-in at the server. */
  logout(): void {
    this.#core.login.logout();
  }

  /** Another tab of the browser that this AuthSocket or AuthSession is in. */
  otherTabOf(client: AuthSocket | AuthSession): OtherTab {
    const session = "session" in client ? client.session : client;
    const store = this.#core.clients.of(session)?.store;
    if (!store) {
      throw new Error("otherTabOf() expected a client of this server with a store; this one has none");
    }
    return this.#tab(() => store);
  }

  /**
   * Refuses every connection and renewal until `accept()`. Connected sockets stay connected.
   *
   * @param refusal a code of the protocol; or an error of the test's own, whose `message` and `data` are sent
   */
  refuse(refusal: RefusalCode | (Error & { data?: unknown }), options: RefuseOptions = {}): void {
    this.#core.admission.refuse(refusal, options);
  }

  /** Ends `refuse()`. */
  accept(): void {
    this.#core.admission.accept();
  }

  /** Disconnects sockets for good: `refused`, error `kicked`, until the app calls `connect()` or somebody signs in. */
  kick(target?: Target): void {
    for (const socket of this.#targets("kick", target)) this.#core.admission.kick(socket);
  }

  /** Disconnects sockets as if their token had expired, and refuses that token from now on. They come back with another one. */
  cut(target?: Target): void {
    for (const socket of this.#targets("cut", target)) socket.cut();
  }

  /** Breaks transports. Messages on their way are lost, and Socket.IO reconnects. */
  drop(target?: Target): void {
    for (const socket of this.#targets("drop", target)) socket.drop();
  }

  /** Revokes sockets: `refused`, error `revoked`, until the app calls `connect()` or somebody signs in. */
  revoke(reason = "revoked by the test", target?: Target): void {
    for (const socket of this.#targets("revoke", target)) socket.revoke(reason);
  }

  /** Cuts the network off, for sockets and for the refresh endpoint. A page gets the event `offline`, as in a browser. */
  offline(): void {
    this.#core.offline();
  }

  /** Brings the network back. */
  online(): void {
    this.#core.online();
  }

  /**
   * Waits until nothing more can happen at the present time of the test's clock: no message is on its way, and no timer is due.
   * It does not wait for a slow or hanging refresh or for a backoff.
   */
  settled(): Promise<void> {
    return this.#core.settled();
  }

  /** Disposes of its sockets and sessions, and restores the global timers. It leaves nothing running. */
  close(): Promise<void> {
    return this.#core.close();
  }

  #targets(fault: string, target: Target = {}): ServerSocket[] {
    const connected = [...this.#core.namespaces].flatMap(({ sockets }) => [...sockets]);
    const found = connected.filter(({ namespace, subject }) => isFor(target, namespace, subject));
    if (found.length > 0) return found;
    const { subject, namespace } = target;
    const whose = subject === undefined ? "" : ` of ${subject}`;
    const where = namespace === undefined ? "" : ` in ${nameOf(namespace)}`;
    throw new Error(
      `${fault}() expected a connected socket${whose}${where}; there is none. ${this.#core.describe()}`,
    );
  }

  #tab(store: () => TabStore): OtherTab {
    const { accounts } = this.#core;
    return new OtherTab(() => store().open(), { accounts, settled: () => this.settled() });
  }
}

/**
 * Opens a server in memory. While it is open, it replaces the global timers and `Date`. If fake timers of Vitest or Jest are on,
 * it uses those instead.
 *
 * @example
 * const server = createTestServer();
 * const auth = server.socket();
 * await auth.session.signIn(server.issue({ subject: "alice", lifetime: 60_000 }));
 * await server.settled();
 * server.emit("message", "hello");
 * await server.close();
 *
 * @throws Error with socket.io-client before 4.8, with Jest's legacy fake timers, and with fake timers that leave out `Date`
 */
export function createTestServer<
  Listen extends EventsMap = DefaultEventsMap,
  Emit extends EventsMap = DefaultEventsMap,
>(options?: TestServerOptions): TestServer<Listen, Emit> {
  return new TestServer(options);
}
