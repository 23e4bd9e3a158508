import { AuthSession, AuthSocket, type DefaultEventsMap, type EventsMap, type TokenSet } from "authsocket";
import type { RefusalCode } from "../protocol.ts";
import { AuthError } from "../server/auth-error.ts";
import { type Access, Accounts, type IssueOptions } from "./accounts.ts";
import {
  Client,
  type ClientContext,
  type Cookie,
  ORIGIN,
  type TestSessionOptions,
  type TestSocketOptions,
} from "./client.ts";
import { OtherTab } from "./other-tab.ts";
import { PageNetwork } from "./page-network.ts";
import type { ServerSocket } from "./server-socket.ts";
import { TabStore } from "./tab-store.ts";
import { type NamespaceContext, TestNamespace } from "./test-namespace.ts";
import { type RefreshAnswer, type RefreshCallRequest, TestRefresh } from "./test-refresh.ts";
import { nativeTask } from "./time/native-task.ts";
import { openTimeline } from "./time/open-timeline.ts";
import type { Timeline } from "./time/timeline.ts";
import { Deliveries } from "./wire/deliveries.ts";
import type { Engine, Member, Refused } from "./wire/engine.ts";
import { checkTransportClasses } from "./wire/memory-transport.ts";

/** After so many tasks in a row without an event, all is settled. The app's own promises may take some. */
const QUIET = 4;

/** After so many deliveries, a test that waits for the end gets an error. */
const MOST = 5_000;

/** For so many ms after a kick, a client that comes back by itself is kicked again, and so often. */
const [KICK_WINDOW, KICKS] = [300_000, 3];

export interface TestServerOptions {
  /** Whether sockets without a token are connected as guests. Default: false. */
  guests?: boolean | undefined;
}

/** Which sockets a fault is for. Default: all. */
export interface Target {
  subject?: string | undefined;
  namespace?: string | undefined;
}

export interface RefuseOptions extends Target {
  /** ms, with `unavailable` */
  retryAfter?: number | undefined;
}

/** A CONNECT or a renewal that was refused. */
export interface TestRefusal {
  /** ms since the epoch */
  at: number;
  namespace: string;
  /** whose token it was; undefined if the server does not know it */
  subject: string | undefined;
  /** undefined for an error of the test's own without a code */
  code: string | undefined;
}

/** The time of a test. */
export interface TestClock {
  /**
   * Lets so many ms pass, for timers, tokens, sessions and backoffs together. It goes from timer to timer, and waits for the
   * effects of each. It resolves when all is settled.
   */
  advance(ms: number): Promise<void>;
}

type Admit = Parameters<NamespaceContext["opened"]>[0];

/** A token that is being checked. */
interface Claimed {
  token: unknown;
  namespace: string;
  client?: Client;
  cookie?: Cookie | undefined;
}

/**
 * A Socket.IO server and a refresh endpoint in memory, whose clients are real AuthSockets. Its own events are those of "/".
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
  readonly clock: TestClock = { advance: (ms) => this.#advance(ms) };
  /** Another tab of the app's browser. If several clients have a store each, use `otherTabOf()`. */
  readonly otherTab: OtherTab;
  /** The refused connections and renewals, in order. */
  readonly refusals: readonly TestRefusal[];
  readonly #refusals: TestRefusal[] = [];
  readonly #guests: boolean;
  readonly #accounts = new Accounts();
  readonly #deliveries = new Deliveries();
  readonly #network = new PageNetwork();
  readonly #timeline: Timeline;
  readonly #clientContext: ClientContext;
  readonly #namespaces = new Map<string, TestNamespace>();
  readonly #admits = new Map<string, Admit>();
  readonly #engines = new Set<Engine>();
  readonly #clients = new WeakMap<ServerSocket | AuthSession, Client>();
  readonly #stores = new Map<object, TabStore>();
  readonly #sockets = new Set<AuthSocket>();
  readonly #sessions = new Set<AuthSession>();
  /** What is in force until `accept()`. */
  #refusal: { error: Refused; target: Target } | undefined;
  #cookie: Cookie | undefined;
  #isClosed = false;

  constructor({ guests = false }: TestServerOptions = {}) {
    checkTransportClasses();
    let admit: Admit | undefined;
    super("/", {
      opened: (opened) => {
        admit = opened;
      },
      verify: (token, namespace) => this.#renewed(token, namespace),
      settled: () => this.settled(),
      describe: () => this.#describe(),
    });
    if (admit) this.#admits.set("/", admit);
    this.#guests = guests;
    this.refusals = this.#refusals;
    this.#namespaces.set("/", this as unknown as TestNamespace);
    const isOnline = () => this.#network.isOnline && !this.#isClosed;
    this.refresh = new TestRefresh({
      deliveries: this.#deliveries,
      isOnline,
      subject: ({ refreshToken, signIn }) => (this.#accounts.owner(refreshToken) ?? signIn)?.subject,
      answer: (request) => this.#refreshed(request),
    });
    this.otherTab = new OtherTab(() => this.#onlyStore().open(), {
      accounts: this.#accounts,
      settled: () => this.settled(),
    });
    this.#clientContext = {
      deliveries: this.#deliveries,
      isOnline,
      cookie: () => this.#cookie,
      tabStore: (store) => {
        const known =
          this.#stores.get(store) ?? new TabStore(store, (listener) => this.#deliveries.send(listener));
        this.#stores.set(store, known);
        return known;
      },
      clientOf: (session) => this.#clients.get(session),
      signInOf: (accessToken) => this.#accounts.find(accessToken)?.signIn,
      refresh: (request) => this.refresh.request(request),
      connect: (...connect) => this.#connect(...connect),
      opened: (engine) => this.#engines.add(engine),
      closed: (engine) => this.#engines.delete(engine),
    };
    this.#timeline = openTimeline();
  }

  /**
   * Makes an AuthSocket that connects to this server. `close()` disposes of it. By default it connects at once, keeps its tokens
   * in a store of its own and refreshes them at this server's endpoint.
   *
   * @param options the options of your app. Any `refresh` URL is answered by this server
   * @param namespace default: "/"
   */
  socket(options: TestSocketOptions = {}, namespace = "/"): AuthSocket<Emit, Listen> {
    const client = this.#client(options);
    const socket = new AuthSocket<Emit, Listen>(new URL(namespace, ORIGIN), client.socketOptions());
    client.socket = socket as unknown as AuthSocket;
    this.#sockets.add(client.socket);
    this.#clients.set(socket.session, client);
    return socket;
  }

  /** Makes an AuthSession that refreshes at this server's endpoint, for `server.socket({ session })` and HTTP calls. */
  session(options: TestSessionOptions = {}): AuthSession {
    const client = this.#client(options as TestSocketOptions);
    const session = new AuthSession(client.sessionOptions());
    this.#sessions.add(session);
    this.#clients.set(session, client);
    return session;
  }

  /**
   * Returns the options that `server.socket()` gives to its AuthSocket, for an app that makes its own with any URL. The app must
   * dispose of it.
   */
  options(options: TestSocketOptions = {}): ReturnType<Client["socketOptions"]> {
    return this.#client(options).socketOptions();
  }

  /** Another namespace. */
  of<L extends EventsMap = DefaultEventsMap, E extends EventsMap = DefaultEventsMap>(
    namespace: string,
  ): TestNamespace<L, E> {
    const name = namespace.startsWith("/") ? namespace : `/${namespace}`;
    const known =
      this.#namespaces.get(name) ??
      new TestNamespace(name, {
        opened: (admit) => this.#admits.set(name, admit),
        verify: (token) => this.#renewed(token, name),
        settled: () => this.settled(),
        describe: () => this.#describe(),
      });
    this.#namespaces.set(name, known);
    return known as unknown as TestNamespace<L, E>;
  }

  /** Returns the tokens of a new sign-in, for `session.signIn()` or a store. */
  issue(options?: IssueOptions): TokenSet {
    return this.#accounts.issue(options).tokens;
  }

  /**
   * The same, as a login that also sets an HttpOnly refresh cookie. With it, clients without a refresh token can refresh, and
   * clients with `credential: "cookie"` can connect.
   */
  login(options?: IssueOptions): TokenSet {
    const { signIn, tokens } = this.#accounts.issue(options);
    this.#cookie = { signIn, expiresAt: tokens.expiresAt ?? 0 };
    return tokens;
  }

  /** Ends the cookie's sign-in at the server. */
  logout(): void {
    if (this.#cookie) this.#cookie.signIn.isOver = true;
    this.#cookie = undefined;
  }

  /** Another tab of the browser that this AuthSocket or AuthSession is in. */
  otherTabOf(client: AuthSocket | AuthSession): OtherTab {
    const session = "session" in client ? client.session : client;
    const store = this.#clients.get(session)?.store;
    if (!store) {
      throw new Error("otherTabOf() expected a client of this server with a store; this one has none");
    }
    return new OtherTab(() => store.open(), { accounts: this.#accounts, settled: () => this.settled() });
  }

  /**
   * Refuses every connection and renewal until `accept()`. Connected sockets stay connected.
   *
   * @param refusal a code of the protocol; or an error of the test's own, whose `message` and `data` are sent
   */
  refuse(refusal: RefusalCode | (Error & { data?: unknown }), options: RefuseOptions = {}): void {
    const { retryAfter, ...target } = options;
    const error =
      typeof refusal === "string"
        ? new AuthError(refusal, undefined, retryAfter === undefined ? {} : { retryAfter })
        : refusal;
    this.#refusal = { error, target };
  }

  /** Ends `refuse()`. */
  accept(): void {
    this.#refusal = undefined;
  }

  /** Disconnects sockets for good. They are `refused` with the error `kicked` until the app calls `connect()`. */
  kick(target?: Target): void {
    for (const socket of this.#targets("kick", target)) {
      this.#clients.get(socket)?.kick(socket, Date.now() + KICK_WINDOW, KICKS);
    }
  }

  /** Disconnects sockets as if their token had expired, and refuses that token from now on. They come back with another one. */
  cut(target?: Target): void {
    for (const socket of this.#targets("cut", target)) socket.cut();
  }

  /** Breaks transports. Messages on their way are lost, and Socket.IO reconnects. */
  drop(target?: Target): void {
    for (const socket of this.#targets("drop", target)) socket.drop();
  }

  /** Revokes sockets. They are `refused` with the error `revoked` until the app calls `connect()`. */
  revoke(reason = "revoked by the test", target?: Target): void {
    for (const socket of this.#targets("revoke", target)) socket.revoke(reason);
  }

  /** Cuts the network off, for sockets and for the refresh endpoint. A page gets the event `offline`, as in a browser. */
  offline(): void {
    for (const engine of [...this.#engines]) engine.drop();
    this.#network.change(false);
    this.refresh.disconnect();
  }

  /** Brings the network back. */
  online(): void {
    this.#network.change(true);
  }

  /**
   * Waits until nothing more happens without time passing: nothing is on its way, and no timer is due. It does not wait for a slow
   * or hanging refresh or for a backoff.
   */
  async settled(): Promise<void> {
    const start = this.#deliveries.count;
    for (let quiet = 0; quiet < QUIET; ) {
      const before = this.#deliveries.count;
      await nativeTask();
      await this.#timeline.flush();
      quiet = this.#deliveries.isIdle && this.#deliveries.count === before ? quiet + 1 : 0;
      if (this.#deliveries.count - start > MOST) {
        throw new Error(
          `settled() gave up after ${MOST} messages: client and server do not stop sending. ${this.#describe()}`,
        );
      }
    }
  }

  /** Disposes of its sockets and sessions, and restores the global timers. It leaves nothing running. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const socket of this.#sockets) socket.dispose();
    for (const session of this.#sessions) session.dispose();
    this.refresh.close();
    for (const engine of [...this.#engines]) engine.drop();
    this.#network.change(true);
    await this.#calm();
    this.#timeline.close();
  }

  async #advance(ms: number): Promise<void> {
    if (!(ms >= 0 && ms < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`clock.advance() takes a number of ms, not ${ms}`);
    }
    await this.settled();
    await this.#timeline.advance(ms, () => this.#calm());
    await this.settled();
  }

  async #calm(): Promise<void> {
    do await nativeTask();
    while (!this.#deliveries.isIdle);
  }

  #client(options: TestSocketOptions): Client {
    if (this.#isClosed) throw new Error("the server was closed: createTestServer() makes a new one");
    return new Client(options, this.#clientContext);
  }

  #connect(
    client: Client,
    cookie: Cookie | undefined,
    engine: Engine,
    namespace: string,
    payload: Readonly<Record<string, unknown>>,
  ): Member | Refused {
    const token = this.#tokenIn(payload);
    const verdict = this.#verified({ token, namespace, client, cookie });
    if (verdict && !("signIn" in verdict)) return verdict;
    this.of(namespace);
    const socket = this.#admits.get(namespace)?.(engine, verdict);
    if (!socket) return { message: "Invalid namespace" };
    this.#clients.set(socket, client);
    const kick = client.kicks.get(namespace);
    if (kick && kick.until > Date.now() && kick.left > 0) {
      kick.left--;
      void Promise.resolve().then(() => socket.disconnect());
    }
    return socket;
  }

  /** The option `payload` may put it anywhere, such as behind "Bearer". */
  #tokenIn(payload: Readonly<Record<string, unknown>>): unknown {
    const bare = (value: unknown) => (typeof value === "string" ? value.replace(/^bearer /i, "") : value);
    return (
      bare(payload.token) ??
      Object.values(payload)
        .map(bare)
        .find((text) => this.#accounts.find(text))
    );
  }

  #renewed(token: unknown, namespace: string): Access | Refused {
    return this.#verified({ token, namespace }) ?? new AuthError("token_missing");
  }

  /** undefined: a guest */
  #verified({ token, namespace, client, cookie }: Claimed): Access | Refused | undefined {
    const owner = this.#accounts.find(token)?.signIn ?? cookie?.signIn;
    const verdict = this.#refusing(namespace, owner?.subject) ?? this.#judged(token, client, cookie);
    if (verdict && !("signIn" in verdict)) {
      const { code } = Object(verdict.data) as { code?: string };
      this.#refusals.push({ at: Date.now(), namespace, subject: owner?.subject, code });
    }
    return verdict;
  }

  #judged(
    token: unknown,
    client: Client | undefined,
    cookie: Cookie | undefined,
  ): Access | Refused | undefined {
    if (token !== undefined || !client) return this.#accounts.verify(token);
    if (client.isCookieSession && cookie) {
      const isGood = cookie.expiresAt > Date.now() && !cookie.signIn.isOver;
      return isGood ? { ...cookie } : new AuthError("token_expired");
    }
    return this.#guests ? undefined : new AuthError("token_missing");
  }

  #refusing(namespace: string, subject: string | undefined): Refused | undefined {
    const { error, target } = this.#refusal ?? {};
    return target && isFor(target, namespace, subject) ? error : undefined;
  }

  #refreshed({ refreshToken, signIn, isCookieSession }: RefreshCallRequest): RefreshAnswer {
    if (refreshToken !== undefined) {
      const tokens = this.#accounts.refresh(refreshToken);
      return tokens ? { status: 200, body: this.#answer(tokens) } : { status: 401, body: {} };
    }
    if (!signIn || signIn.isOver) return { status: 401, body: {} };
    if (isCookieSession && this.#cookie) {
      this.#cookie.expiresAt = Date.now() + signIn.lifetime;
      return { status: 200, body: { expiresIn: signIn.lifetime / 1_000 } };
    }
    // The refresh token stays in the cookie.
    const { refreshToken: _, ...tokens } = this.#accounts.renew(signIn);
    return { status: 200, body: this.#answer(tokens) };
  }

  #answer({ expiresAt = 0, ...tokens }: TokenSet): object {
    return { ...tokens, expiresIn: (expiresAt - Date.now()) / 1_000 };
  }

  #targets(fault: string, target: Target = {}): ServerSocket[] {
    // Each of them was made by `admit`.
    const connected = [...this.#namespaces.values()].flatMap(({ sockets }) => sockets as ServerSocket[]);
    const found = connected.filter(({ namespace, subject }) => isFor(target, namespace, subject));
    if (found.length > 0) return found;
    const { subject, namespace } = target;
    const whose = subject === undefined ? "" : ` of ${subject}`;
    const where = namespace === undefined ? "" : ` in ${namespace}`;
    throw new Error(
      `${fault}() expected a connected socket${whose}${where}; there is none. ${this.#describe()}`,
    );
  }

  #onlyStore(): TabStore {
    const [store, ...others] = new Set(this.#stores.values());
    if (store && others.length === 0) return store;
    throw new Error(
      store
        ? `otherTab expected one client with a store, but there are ${others.length + 1}: use otherTabOf(client)`
        : "otherTab expected a client with a store: call server.socket() first",
    );
  }

  #describe(): string {
    const clients = [...this.#sockets].map(({ state, session }) => {
      const { subject = "nobody" } = session.state as { subject?: string };
      const { code } = Object(Object(state).error) as { code?: string };
      return `${subject}'s AuthSocket is ${state.status}${code ? ` (${code})` : ""}`;
    });
    const { pending } = this.refresh;
    if (pending > 0) clients.push(`${pending} refresh ${pending === 1 ? "request waits" : "requests wait"}`);
    return clients.length > 0 ? `${clients.join("; ")}.` : "No AuthSocket was made by server.socket().";
  }
}

function isFor(target: Target, namespace: string, subject: string | undefined): boolean {
  return (
    (target.namespace ?? namespace) === namespace &&
    (target.subject === undefined || target.subject === subject)
  );
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
 * @throws Error with socket.io-client before 4.8, and with Jest's legacy fake timers
 */
export function createTestServer<
  Listen extends EventsMap = DefaultEventsMap,
  Emit extends EventsMap = DefaultEventsMap,
>(options?: TestServerOptions): TestServer<Listen, Emit> {
  return new TestServer(options);
}
