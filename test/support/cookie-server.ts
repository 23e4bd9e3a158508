import { type AuthServer, type AuthServerOptions, Refusal, startAuthServer } from "./auth-server.ts";

/**
 * A Socket.IO server that knows its users by a session cookie, and the browser that holds it. As with `io.engine.use`, an
 * engine sees the cookie of its handshake and no later one.
 */
export class CookieServer {
  readonly server: AuthServer;
  /** The session whose cookie the browser holds; undefined: none. */
  cookie: string | undefined;
  /** The sessions that the server still has. */
  readonly alive = new Set<string>();
  /** Whether `refresh` may begin another session. */
  renewable = true;
  refreshes = 0;
  #begun = 0;

  constructor(server: AuthServer) {
    this.server = server;
    const seen = new WeakMap<object, string | undefined>();
    server.io.engine.on("connection", (engine) => seen.set(engine, this.cookie));
    server.admit = (_, { conn }) => {
      const session = seen.get(conn);
      if (session === undefined) throw new Refusal("no session", { code: "token_missing" });
      if (!this.alive.has(session)) throw new Refusal("the session is over", { code: "token_expired" });
    };
  }

  /** The browser signs in: the answer sets a cookie. */
  signIn(): void {
    this.#begun++;
    this.cookie = `session ${this.#begun}`;
    this.alive.add(this.cookie);
  }

  /** The session endpoint. */
  readonly refresh = async (): Promise<string | null> => {
    this.refreshes++;
    if (!this.renewable) return null;
    this.signIn();
    return "";
  };

  /** Ends all sessions; their sockets live on, as express-session leaves them, unless `kick` says otherwise. */
  end({ kick }: { kick: boolean }): void {
    this.alive.clear();
    if (kick) this.server.kick();
  }
}

/** Listens until the test is over. */
export async function startCookieServer(options?: AuthServerOptions): Promise<CookieServer> {
  return new CookieServer(await startAuthServer(options));
}
