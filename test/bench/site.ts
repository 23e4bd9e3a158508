import { Remote } from "./procedures.ts";
import type { SecureDoor } from "./server/bench-server.ts";
import type { LoginOptions } from "./server/logins.ts";
import type { Seen, ServerProcedures } from "./server/main.ts";
import type { ServerKind } from "./server/protection.ts";

/** Counted over all sites, because a browser shares cookies between ports. */
let opened = 0;

/** A server in a process of its own. */
export class Site {
  readonly url: string;
  readonly directUrl: string;
  readonly #remote: Remote<ServerProcedures>;

  private constructor(
    remote: Remote<ServerProcedures>,
    { url, directUrl }: { url: string; directUrl: string },
  ) {
    this.#remote = remote;
    this.url = url;
    this.directUrl = directUrl;
  }

  static async start(kind: ServerKind): Promise<Site> {
    const remote = await Remote.start<ServerProcedures>(new URL("server/main.ts", import.meta.url));
    return new Site(remote, await remote.call("listen", kind));
  }

  /** Without a delay, and with TLS. */
  listenSecurely(): Promise<SecureDoor> {
    return this.#remote.call("listenSecurely", undefined);
  }

  /** Makes a user who can sign in, and forgets all requests so far. */
  async open(login: LoginOptions): Promise<string> {
    const [user = ""] = await this.openMany(1, login);
    return user;
  }

  async openMany(count: number, login: LoginOptions): Promise<string[]> {
    const users = Array.from({ length: count }, () => `user-${++opened}`);
    await this.#remote.call("open", { users, login });
    return users;
  }

  /** Closes idle connections, since an open one would shorten the next time. Call it when no request is pending. */
  settle(): Promise<void> {
    return this.#remote.call("settle", undefined);
  }

  /** Tokens of so many users, the same ones at each call. */
  tokens(count: number): Promise<string[]> {
    return this.#remote.call("tokens", count);
  }

  /** When each of those users has refreshed: ms since the epoch. */
  refreshes(users: string[]): Promise<number[][]> {
    return this.#remote.call("refreshes", users);
  }

  seen(user: string, namespaces: readonly string[] = []): Promise<Seen> {
    return this.#remote.call("seen", { user, namespaces });
  }

  close(): Promise<void> {
    return this.#remote.stop();
  }
}
