import { AuthError } from "../../src/server/auth-error.ts";
import { Accounts } from "../../src/testing/accounts.ts";
import { type AuthServer, type AuthServerOptions, startAuthServer } from "./auth-server.ts";

/**
 * A Socket.IO server that knows its users by a session cookie, and the browser that holds it. As with `io.engine.use`, an
 * engine sees the cookie of its handshake and no later one.
 */
export class CookieServer {
  readonly server: AuthServer;
  /** The session whose cookie the browser holds; undefined: none. */
  cookie: string | undefined;
  /** Whether `refresh` may begin another session. */
  renewable = true;
  refreshes = 0;
  readonly #accounts = new Accounts({ isOpaque: true });
  readonly #begun: string[] = [];

  constructor(server: AuthServer) {
    this.server = server;
    const seen = new WeakMap<object, string | undefined>();
    server.io.engine.on("connection", (engine) => seen.set(engine, this.cookie));
    server.admit = (_, { conn }) => {
      const verdict = this.#accounts.verify(seen.get(conn));
      if (verdict instanceof AuthError) throw verdict;
    };
  }

  /** The browser signs in: the answer sets a cookie. */
  signIn(): void {
    this.cookie = this.#accounts.issue().tokens.accessToken;
    this.#begun.push(this.cookie);
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
    for (const cookie of this.#begun.splice(0)) {
      const access = this.#accounts.find(cookie);
      if (access) access.expiresAt = 0;
    }
    if (kick) this.server.kick();
  }
}

/** Listens until the test is over. */
export async function startCookieServer(options?: AuthServerOptions): Promise<CookieServer> {
  return new CookieServer(await startAuthServer(options));
}
