import {
  type AuthSession,
  type AuthSessionOptions,
  type AuthSocket,
  type AuthSocketOptions,
  memoryStore,
  type RefreshRequest,
  type TokenStore,
} from "authsocket";
import type { SignIn } from "./accounts.ts";
import type { Cookie } from "./cookie-login.ts";
import type { ServerSocket } from "./server-socket.ts";
import type { TabStore } from "./tab-store.ts";
import type { RefreshAnswer, RefreshCallRequest } from "./test-refresh.ts";
import { globalClock } from "./time/clock.ts";
import type { Deliveries } from "./wire/deliveries.ts";
import { Engine, type Member, type Parser, type Refused } from "./wire/engine.ts";
import { type ClientEnd, Line } from "./wire/line.ts";
import { memoryTransport } from "./wire/memory-transport.ts";

/** Where AuthSockets believe that the server is. */
export const ORIGIN = "https://authsocket.test";

let sessions = 0;

/** What `server.socket()` takes: the options of an AuthSocket, each with a default. */
export type TestSocketOptions = Partial<AuthSocketOptions>;

/** What `server.session()` takes: the options of an AuthSession, each with a default. */
export type TestSessionOptions = Partial<AuthSessionOptions>;

/** A client's CONNECT. */
export interface Connecting {
  client: Client;
  /** what the client's engine was opened with */
  cookie: Cookie | undefined;
  engine: Engine;
  payload: Readonly<Record<string, unknown>>;
}

/** What a client needs of the server. */
export interface ClientContext {
  /** Of the server, as no other one is called. */
  readonly name: string;
  readonly deliveries: Deliveries;
  /** Whether there is a way to the server. */
  isOnline(): boolean;
  /** What the browser sends along at the moment. */
  cookie(): Cookie | undefined;
  /** A store as the tabs of the browser share it. */
  tabStore(store: TokenStore): TabStore;
  /** The client that a session was made for. */
  clientOf(session: AuthSession): Client | undefined;
  /** Whom the cookie of a client names that holds this token. */
  signInOf(accessToken: string | undefined): SignIn | undefined;
  refresh(request: RefreshCallRequest): Promise<RefreshAnswer>;
  connect(namespace: string, connecting: Connecting): Member | Refused;
  opened(engine: Engine): void;
  closed(engine: Engine): void;
}

/** One client: what an AuthSocket or an AuthSession is given in order to find the server in memory. */
export class Client {
  /** The store that its session shares with other tabs; undefined if it has none, or one that the server does not know. */
  readonly store: TabStore | undefined;
  readonly isCookieSession: boolean;
  /** The AuthSocket that was made for it, if it is the server's own. */
  socket: AuthSocket | undefined;
  /** The namespaces that it was kicked from. If it comes back automatically, it is kicked again: until when, and how many times. */
  readonly #kicks = new Map<string, { until: number; left: number }>();
  readonly #own: TestSocketOptions;
  readonly #context: ClientContext;

  constructor(own: TestSocketOptions, context: ClientContext) {
    const shared = own.session && context.clientOf(own.session);
    this.#own = own;
    this.#context = context;
    this.isCookieSession = shared?.isCookieSession ?? own.credential === "cookie";
    if (shared) this.store = shared.store;
    else if (!own.session && !own.source && !this.isCookieSession) {
      this.store = context.tabStore(own.store ?? memoryStore());
    }
  }

  /** Disconnects a socket, and does so again if it comes back automatically: until its state is `refused`, or until then. */
  kick(socket: ServerSocket, until: number, left: number): void {
    const { namespace } = socket;
    this.#kicks.set(namespace, { until, left });
    const unsubscribe = this.socket?.of(namespace).subscribe(({ status }) => {
      if (status !== "refused") return;
      this.#kicks.delete(namespace);
      unsubscribe?.();
    });
    socket.disconnect();
  }

  /** Whether a socket that connects is one that was kicked and has come back automatically. */
  isKickedAgain(namespace: string): boolean {
    const kick = this.#kicks.get(namespace);
    if (!kick || kick.until <= Date.now() || kick.left === 0) return false;
    kick.left--;
    return true;
  }

  /**
   * It could have come back automatically and has not. The state of an AuthSocket that the app has made cannot be seen, and the next
   * time that it connects, its own `connect()` was called.
   */
  hasStayedAway(): void {
    if (!this.socket) this.#kicks.clear();
  }

  /** For an AuthSession. */
  sessionOptions(): AuthSessionOptions {
    const { source, refresh = `${ORIGIN}/refresh-token`, store, ...own } = this.#own as TestSessionOptions;
    // One of this server alone: what sessions of one name have agreed on outlives the test, and so would a time that was advanced.
    const name = own.name
      ? `${this.#context.name}:${own.name}`
      : (own.name ?? this.store?.name ?? `authsocket-testing-${++sessions}`);
    const named = { ...own, name };
    if (source) return { ...named, source, credential: undefined };
    const request = typeof refresh === "function" ? undefined : requestOf(refresh);
    return {
      ...named,
      ...(this.store && { store: this.store.open(store) }),
      ...(request && !own.fetch && { fetch: this.#fetchOf(request.url) }),
      refresh: request ?? refresh,
    };
  }

  /** For an AuthSocket. */
  socketOptions(): AuthSocketOptions {
    const { io, session, ...own } = this.#own;
    const transport = memoryTransport((end) => this.#dial(end, io?.parser));
    return {
      autoConnect: true,
      ...own,
      ...(session ? { session } : this.sessionOptions()),
      io: { ...io, transports: [transport], upgrade: false },
    } as AuthSocketOptions;
  }

  #dial(end: ClientEnd, parser: Parser | undefined): Line | undefined {
    const context = this.#context;
    if (!context.isOnline()) {
      context.deliveries.send(() => end.failed());
      return undefined;
    }
    // An engine goes by the cookie that it was opened with.
    const cookie = context.cookie();
    const sent = cookie && { ...cookie };
    const line = new Line(
      (_, deliver) => context.deliveries.send(deliver),
      end,
      (line) => {
        const engine = new Engine(line, parser, {
          clock: globalClock,
          admit: (engine, namespace, payload) =>
            context.connect(namespace, { client: this, cookie: sent, engine, payload }),
          closed: (engine) => context.closed(engine),
        });
        context.opened(engine);
        return engine;
      },
    );
    line.open();
    return line;
  }

  /** A fetch that finds the refresh endpoint in memory. Whatever else is asked for goes where it would have gone. */
  #fetchOf(endpoint: string): typeof fetch {
    return async (input, init) => {
      const url = new URL(typeof input === "object" && "url" in input ? input.url : input, endpoint);
      if (url.href !== endpoint) return fetch(input, init);
      const body = typeof init?.body === "string" ? init.body : "{}";
      const { refreshToken } = Object(JSON.parse(body)) as { refreshToken?: string };
      const answer = await this.#context.refresh({
        refreshToken,
        signIn: this.#context.signInOf(this.store?.accessToken),
        isCookieSession: this.isCookieSession,
        signal: init?.signal ?? undefined,
      });
      return responseOf(answer);
    };
  }
}

/** With an absolute URL, outside a page too. */
function requestOf(refresh: string | URL | RefreshRequest): RefreshRequest & { url: string } {
  const { location } = globalThis as { location?: Location };
  const request = typeof refresh === "string" || refresh instanceof URL ? { url: refresh } : refresh;
  return { ...request, url: new URL(request.url, location?.href ?? ORIGIN).href };
}

/** Jest's jsdom has no Response. */
function responseOf({ status, body }: RefreshAnswer): Response {
  const text = JSON.stringify(body);
  if (typeof Response === "function") {
    return new Response(text, { status, headers: { "Content-Type": "application/json" } });
  }
  const headers = new Headers({ "Content-Type": "application/json" });
  return {
    ok: status < 300,
    status,
    headers,
    json: async () => JSON.parse(text) as unknown,
    text: async () => text,
  } as Response;
}
