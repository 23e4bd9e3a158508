import { Remote } from "./procedures.ts";
import type { LoginOptions } from "./server/logins.ts";
import type { Seen, ServerProcedures } from "./server/main.ts";
import type { ServerKind } from "./server/protection.ts";

/** A server in a process of its own. */
export class Site {
  readonly url: string;
  readonly directUrl: string;
  readonly #remote: Remote<ServerProcedures>;
  #users = 0;

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

  /** Makes a user who can sign in, and forgets all requests so far. */
  async open(login: LoginOptions): Promise<string> {
    const user = this.#name();
    await this.#remote.call("open", { users: [user], login });
    return user;
  }

  async openMany(count: number, login: LoginOptions): Promise<string[]> {
    const users = Array.from({ length: count }, () => this.#name());
    await this.#remote.call("open", { users, login });
    return users;
  }

  #name(): string {
    return `user-${++this.#users}`;
  }

  seen(user: string, namespaces: readonly string[] = []): Promise<Seen> {
    return this.#remote.call("seen", { user, namespaces });
  }

  close(): Promise<void> {
    return this.#remote.stop();
  }
}
