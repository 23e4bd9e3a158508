import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TokenSet } from "authsocket";
import { Server, type Socket } from "socket.io";
import { RENEW_EVENT } from "../../src/protocol.ts";
import { AuthError, authenticate } from "../../src/server/index.ts";
import { Accounts, type SignIn } from "../../src/testing/accounts.ts";

const HOUR = 3_600_000;

const scripts: Record<string, string> = {
  "/socket.io.js": new URL("../../node_modules/socket.io-client/dist/socket.io.min.js", import.meta.url)
    .pathname,
  "/authsocket.js": new URL("../../dist/authsocket.umd.min.js", import.meta.url).pathname,
};

/** An event of the app that reached the server, by the user whose connection it came on. */
export interface Heard {
  readonly user: string;
  readonly event: string;
  readonly value: unknown;
}

/**
 * A site with one-time refresh tokens in an HttpOnly cookie, reuse detection and no grace period, whose pages hold nothing
 * but `window.auth`. It remembers what happened.
 */
export class TabSite {
  /** ms for which the next tokens live; each refresh takes the first, the last one stays. */
  lifetimes = [HOUR];
  /** Holds back the answer to a refresh, whose token is used by then. */
  answering: (number: number) => Promise<void> | void = () => {};
  /** Whether a refresh token that was used before is refused, and nothing else comes of it. */
  isLenient = false;
  /** The refresh requests that have arrived, and those that came with a token that was used before. */
  refreshes = 0;
  reuses = 0;
  readonly heard: Heard[] = [];
  /** The user of every connection, in the order of connecting. */
  readonly connected: string[] = [];
  /** How often a live connection was given a new token. */
  renewals = 0;
  /** When the last token that was issued expires, in ms since the epoch. */
  expiresAt = 0;
  /** How many of those took up an earlier connection's state. */
  recovered = 0;
  readonly io: Server;
  readonly #http = createServer((request, response) => void this.#serve(request, response));
  readonly #accounts = new Accounts({
    grace: 0,
    // Sites on other ports share the browser's cookies.
    mark: randomUUID(),
    reused: () => {
      this.reuses++;
    },
  });

  constructor() {
    this.io = new Server(this.#http, { serveClient: false, connectionStateRecovery: {} });
    this.io.engine.on("connection", (engine) => {
      engine.on("data", (packet: unknown) => {
        if (String(packet).includes(`"${RENEW_EVENT}"`)) this.renewals++;
      });
    });
    authenticate(this.io, {
      verify: (token) => {
        const verdict = this.#accounts.verify(token);
        if (verdict instanceof AuthError) throw verdict;
        return { subject: verdict.signIn.subject, expiresAt: verdict.expiresAt, claims: {} };
      },
    });
    this.io.on("connection", (socket: Socket) => {
      const user = socket.data.auth.subject;
      this.connected.push(user);
      if (socket.recovered) this.recovered++;
      socket.onAny((event: string, value: unknown, acknowledge?: unknown) => {
        if (event !== RENEW_EVENT) this.heard.push({ user, event, value });
        if (typeof acknowledge === "function" && event !== "hang") acknowledge(value);
      });
    });
  }

  static async start(): Promise<TabSite> {
    const site = new TabSite();
    site.#http.listen(0, "127.0.0.1");
    await once(site.#http, "listening");
    return site;
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    const closed = this.io.close();
    this.#http.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? "/", this.url);
    const script = scripts[pathname];
    if (script) response.setHeader("Content-Type", "text/javascript").end(readFileSync(script));
    else if (pathname === "/login") this.#login(searchParams.get("user") ?? "", response);
    else if (pathname === "/logout") this.#logout(request, response);
    else if (pathname === "/refresh") await this.#refresh(request, response);
    else if (pathname === "/blank")
      response.setHeader("Content-Type", "text/html").end("<title>blank</title>");
    else response.setHeader("Content-Type", "text/html").end(PAGE);
  }

  #login(subject: string, response: ServerResponse): void {
    const { signIn, tokens } = this.#accounts.issue({ subject, lifetime: this.#lifetime() });
    this.#answer(signIn, tokens)(response);
  }

  #logout(request: IncomingMessage, response: ServerResponse): void {
    const signIn = this.#accounts.owner(cookieOf(request));
    if (signIn) signIn.isOver = true;
    response.setHeader("Set-Cookie", "refresh=; Max-Age=0; Path=/").end();
  }

  async #refresh(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.refreshes++;
    const number = this.refreshes;
    const secret = cookieOf(request);
    const signIn = this.#accounts.owner(secret);
    if (signIn) [signIn.lifetime = HOUR] = this.lifetimes;
    if (this.isLenient && signIn && signIn.refreshToken !== secret) {
      this.reuses++;
      response.writeHead(401).end();
      return;
    }
    // Used before the answer: whatever becomes of the page, this token is.
    const tokens = this.#accounts.refresh(secret);
    if (!signIn || !tokens) {
      response.writeHead(401).end();
      return;
    }
    this.#lifetime();
    const respond = this.#answer(signIn, tokens);
    await this.answering(number);
    respond(response);
  }

  /** Takes the first, where it is not the last. */
  #lifetime(): number {
    const [lifetime = HOUR] = this.lifetimes;
    if (this.lifetimes.length > 1) this.lifetimes.shift();
    return lifetime;
  }

  #answer(
    { lifetime }: SignIn,
    { accessToken: token, refreshToken, expiresAt = 0 }: TokenSet,
  ): (response: ServerResponse) => void {
    this.expiresAt = expiresAt;
    const body = JSON.stringify({ token, expiresIn: lifetime / 1000 });
    return (response) =>
      response
        .setHeader("Set-Cookie", `refresh=${refreshToken}; HttpOnly; SameSite=Strict; Path=/`)
        .setHeader("Content-Type", "application/json")
        .end(body);
  }
}

/** The refresh token that a request carries. */
function cookieOf({ headers }: IncomingMessage): string {
  return /(?:^|; )refresh=([^;]*)/.exec(headers.cookie ?? "")?.[1] ?? "";
}

// The options come by the page's hash, so that each test has its own.
const PAGE = `<!doctype html><meta charset="utf-8"><title>tab</title>
<script src="/socket.io.js"></script><script src="/authsocket.js"></script>
<script>
  const { store, ...given } = JSON.parse(decodeURIComponent(location.hash.slice(1)) || "{}");
  window.auth = new authsocket.AuthSocket("/", {
    refresh: "/refresh", allowInsecure: true, leeway: 0, jitter: 0, retry: { base: 100 },
    ...(store === "memory" && { store: authsocket.memoryStore() }),
    ...(store === "session" && { store: authsocket.webStorageStore("authToken", sessionStorage) }),
    ...given,
  });
  window.tokens = [];
  window.statuses = [];
  auth.session.subscribe((state) => {
    statuses.push(state.status + (state.error ? ":" + state.error.code : ""));
    if (state.status === "signedIn" && tokens.at(-1) !== state.claims.exp) tokens.push(state.claims.exp);
  });
</script>`;
