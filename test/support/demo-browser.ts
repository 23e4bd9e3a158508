import { io as connectTo, type ManagerOptions, type Socket, type SocketOptions } from "socket.io-client";
import { afterAll, afterEach, beforeAll, onTestFinished } from "vitest";
import { createDemoServer, type DemoServer, type DemoServerOptions } from "../../demo/server/index.ts";
import type { ClientToServerEvents, ServerToClientEvents } from "../../demo/socket-events.ts";

export const SECRET = "a secret of the tests, long enough for HS256";
export const OWN_HEADER = { "X-Requested-With": "authsocket" };

export type DemoClient = Socket<ServerToClientEvents, ClientToServerEvents>;

export interface IssuedToken {
  token: string;
  expiresIn: number;
}

/** A browser's cookies, its HTTP calls and its sockets. */
export class Browser {
  /** Which of several servers it talks to. */
  url: string;
  readonly #cookies = new Map<string, { value: string; path: string }>();
  readonly #sockets: DemoClient[] = [];
  // One object for all engines: what a reconnect sends are the cookies of that moment.
  readonly #socketHeaders: Record<string, string> = {};

  constructor(url: string) {
    this.url = url;
  }

  cookie(path: string): string {
    return [...this.#cookies]
      .filter(([, cookie]) => path.startsWith(cookie.path))
      .map(([name, { value }]) => `${name}=${value}`)
      .join("; ");
  }

  post(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return this.send("POST", path, body, headers);
  }

  async send(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { "Content-Type": "application/json", Cookie: this.cookie(path), ...headers },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    for (const line of response.headers.getSetCookie()) this.#store(line);
    return response;
  }

  login(username: string, password: string): Promise<Response> {
    return this.post("/api/login", { username, password });
  }

  refresh(): Promise<Response> {
    return this.post("/api/refresh-token", undefined, OWN_HEADER);
  }

  async freshToken(): Promise<string> {
    const { token } = (await (await this.refresh()).json()) as IssuedToken;
    return token;
  }

  /** Has what another browser has. */
  takeCookies(from: Browser): void {
    for (const [name, cookie] of from.#cookies) this.#cookies.set(name, cookie);
  }

  /** Sends these cookies with sockets, whatever the server has said since. */
  useCookies(header: string): void {
    this.#socketHeaders.cookie = header;
  }

  /** A socket of a namespace that has not connected yet, on an engine of its own. */
  of<Listen extends object, Emit extends object>(namespace: string, token: unknown): Socket<Listen, Emit> {
    return this.#connectTo(`${this.url}${namespace}`, { auth: { token } }) as unknown as Socket<Listen, Emit>;
  }

  /** A socket that has not connected yet. A function is asked for the token at every handshake. */
  open(token: unknown, options: { auth?: object } = {}): DemoClient {
    return this.#connectTo(this.url, {
      auth:
        options.auth ??
        ((answer: (payload: object) => void) =>
          answer({ token: typeof token === "function" ? token() : token })),
    });
  }

  #connectTo(url: string, options: Partial<ManagerOptions & SocketOptions>): DemoClient {
    const socket: DemoClient = connectTo(url, {
      forceNew: true,
      autoConnect: false,
      reconnectionDelay: 20,
      reconnectionDelayMax: 100,
      extraHeaders: this.#socketHeaders,
      ...options,
    });
    this.#sockets.push(socket);
    return socket;
  }

  async connect(token: unknown): Promise<DemoClient> {
    const socket = this.open(token);
    const connected = event(socket, "connect");
    socket.connect();
    await connected;
    return socket;
  }

  /** The error with which a handshake is refused. */
  async refusal(
    token: unknown,
    options?: { auth?: object },
  ): Promise<Error & { data?: { code?: string; retryAfter?: number } }> {
    const socket = this.open(token, options);
    const refused = event(socket, "connect_error");
    socket.connect();
    const [error] = await refused;
    return error as Error;
  }

  close(): void {
    for (const socket of this.#sockets) socket.disconnect();
  }

  #store(line: string): void {
    const [pair = "", ...attributes] = line.split("; ");
    const [name = "", value = ""] = pair.split("=");
    const path = attributes.find((attribute) => attribute.startsWith("Path="))?.slice(5) ?? "/";
    if (value === "") this.#cookies.delete(name);
    else this.#cookies.set(name, { value, path });
    this.#socketHeaders.cookie = this.cookie("/socket.io/");
  }
}

/** The arguments of the next event of this name. */
export function event(socket: object, name: string): Promise<unknown[]> {
  return new Promise((resolve) => {
    (socket as Socket).once(name, (...args: unknown[]) => resolve(args));
  });
}

/** Every tick that arrives, and a promise for the one that reaches a number. */
export function recordTicks(socket: DemoClient): { ticks: number[]; reached: (n: number) => Promise<void> } {
  const ticks: number[] = [];
  socket.on("tick", (n) => ticks.push(n));
  return {
    ticks,
    reached: (n) =>
      new Promise((resolve) => {
        const check = (): void => {
          if ((ticks.at(-1) ?? 0) < n) return;
          socket.off("tick", check);
          resolve();
        };
        socket.on("tick", check);
        check();
      }),
  };
}

export const consecutive = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

/**
 * Holds the next client that connects, after the server has checked who it is. Resolves when it is held, with a function that lets
 * it go on.
 */
export function holdNextConnect<AnySocket>(namespace: {
  use(middleware: (socket: AnySocket, next: () => void) => void): unknown;
}): Promise<() => void> {
  return new Promise((resolve) => {
    let isHeld = false;
    namespace.use((_, next) => {
      if (isHeld) next();
      else resolve(next);
      isHeld = true;
    });
  });
}

/** A demo server for the tests of a file, and browsers that are closed after each. */
export function useDemoServer(options: DemoServerOptions = {}): {
  server: () => DemoServer;
  /** The codes of the handshakes that were refused in this test. */
  refusals: string[];
  newBrowser: (server?: DemoServer) => Browser;
  signedIn: (username?: string, server?: DemoServer) => Promise<{ browser: Browser; token: string }>;
  /** A server of its own for one test. */
  serve: (options: DemoServerOptions) => Promise<DemoServer>;
} {
  // Hashing takes the time it should take: only a test of that time waits for it.
  const common = { secret: SECRET, tickInterval: 20, passwordCost: 2 };
  let demo: DemoServer;
  const refusals: string[] = [];
  const browsers: Browser[] = [];

  beforeAll(async () => {
    const onRefused = (code: string) => refusals.push(code);
    demo = await createDemoServer({ ...common, onRefused, ...options });
  });
  afterEach(() => {
    for (const browser of browsers.splice(0)) browser.close();
    refusals.length = 0;
  });
  afterAll(() => demo.close());

  function newBrowser(server: DemoServer = demo): Browser {
    const browser = new Browser(server.url);
    browsers.push(browser);
    return browser;
  }

  return {
    server: () => demo,
    refusals,
    newBrowser,
    async signedIn(username = "alice", server = demo) {
      const browser = newBrowser(server);
      const password = server.accounts.find((account) => account.username === username)?.password ?? "";
      const { token } = (await (await browser.login(username, password)).json()) as IssuedToken;
      return { browser, token };
    },
    async serve(options) {
      const server = await createDemoServer({ ...common, ...options });
      onTestFinished(() => server.close());
      return server;
    },
  };
}
