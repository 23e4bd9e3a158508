import type { AuthSocket } from "../../src/client/index.ts";
import type { TabPage } from "./tab-page.ts";

declare global {
  interface Window {
    auth: AuthSocket;
    authsocket: typeof import("../../src/client/index.ts");
    /** the expiry of each token that the tab has held, in its order */
    tokens: number[];
    /** the session's statuses, with the code of their error */
    statuses: string[];
  }
}

/** What a test may set of a tab's AuthSocket. */
export interface TabOptions {
  store?: "memory" | "session" | undefined;
  refreshTimeout?: number;
  leeway?: number;
  retry?: { base?: number };
  io?: { transports?: string[] };
}

/** One tab of the site, which holds an AuthSocket and nothing else. */
export class Tab {
  readonly page: TabPage;

  constructor(page: TabPage) {
    this.page = page;
  }

  /** @param origin "http://host:port" */
  static async open(page: TabPage, origin: string, options: TabOptions = {}): Promise<Tab> {
    await page.goto(`${origin}/#${encodeURIComponent(JSON.stringify(options))}`);
    return new Tab(page);
  }

  /** As a login form would: the server sets the cookie and answers with a token. */
  async signIn(user: string): Promise<void> {
    await this.page.evaluate(async (name) => {
      const { token } = await (await fetch(`/login?user=${name}`)).json();
      await window.auth.session.signIn(token);
    }, user);
  }

  /** Both here and at the server. */
  async signOut(): Promise<void> {
    await this.page.evaluate(async () => {
      await window.auth.session.signOut();
      await fetch("/logout");
    });
  }

  /** Waits until it is connected as a user. */
  async connectedAs(user: string): Promise<void> {
    await this.page.waitForFunction(
      (name) => {
        const { state, session } = window.auth;
        return (
          state.status === "connected" &&
          session.state.status === "signedIn" &&
          session.state.subject === name
        );
      },
      user,
      { polling: 20 },
    );
  }

  /** Waits until its connection is by WebSocket. */
  async upgraded(): Promise<void> {
    await this.page.waitForFunction(
      () => window.auth.socket.io.engine.transport.name === "websocket",
      undefined,
      { polling: 20 },
    );
  }

  async until(status: string): Promise<void> {
    await this.page.waitForFunction((wanted) => window.auth.session.state.status === wanted, status, {
      polling: 20,
    });
  }

  /** Waits until its token lives for so many ms more. */
  async untilGoodFor(ms: number, timeout = 30_000): Promise<void> {
    await this.page.waitForFunction(
      (left) => {
        // A page that is being loaded has none yet.
        const state = window.auth?.session.state;
        return state?.status === "signedIn" && (state.expiresAt ?? 0) - Date.now() > left;
      },
      ms,
      // Eight tabs do so for seconds: more looks would take the processor from what is looked at.
      { polling: 100, timeout },
    );
  }

  tokens(): Promise<number[]> {
    return this.page.evaluate(() => window.tokens);
  }

  statuses(): Promise<string[]> {
    return this.page.evaluate(() => window.statuses);
  }
}
