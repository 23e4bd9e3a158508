import { AuthSession, memoryStore, type TokenSet } from "authsocket";
import type { Platform } from "../../src/client/platform/platform.ts";
import { Accounts } from "../../src/testing/accounts.ts";
import type { Choices } from "./choices.ts";
import { trueTime } from "./computer.ts";
import type { Journal } from "./journal.ts";
import { SECRET } from "./rotating-server.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Settings } from "./settings.ts";
import type { Tab } from "./tab.ts";

/** ms one way, at most: it is waited for less than a refresh of the others may take. */
const SLOWEST = 300;

/** ms of a tab that is awake within which a neighbour has its token, leases included. */
const SOON = 6_000;

/** Where the neighbour is signed in, by one-time tokens, at each page anew. */
export class NeighbourServer {
  readonly #accounts: Accounts;
  readonly #scheduler: Scheduler;
  readonly #choices: Choices;
  readonly #settings: Settings;

  constructor(scheduler: Scheduler, choices: Choices, journal: Journal, settings: Settings) {
    this.#scheduler = scheduler;
    this.#choices = choices;
    this.#settings = settings;
    this.#accounts = new Accounts({
      clock: { now: () => trueTime(scheduler) },
      grace: 0,
      mark: `${SECRET}-neighbour`,
      reused: () => journal.report("B2", "a neighbour's refresh token was used twice"),
    });
  }

  login(): TokenSet {
    const { lifetime } = this.#settings;
    const { accessToken, refreshToken } = this.#accounts.issue({ subject: "carol", lifetime }).tokens;
    return { accessToken, refreshToken };
  }

  knows(token: string | undefined): boolean {
    return this.#accounts.find(token) !== undefined;
  }

  refresh(tab: Tab, refreshToken: string | undefined): Promise<TokenSet | undefined> {
    const ms = (way: string) => this.#choices.delay(`${tab.name} neighbour ${way}`, 20, SLOWEST);
    return new Promise((resolve) => {
      this.#scheduler.schedule(ms("there"), () => {
        const tokens = this.#accounts.refresh(refreshToken);
        this.#scheduler.schedule(ms("back"), () => resolve(tokens), tab);
      });
    });
  }
}

/** A second account on a page, a stranger to the first one (B2). */
export class Neighbour {
  readonly #session: AuthSession;
  readonly #tab: Tab;
  readonly #server: NeighbourServer;
  readonly #scheduler: Scheduler;
  readonly #journal: Journal;
  /** when it has asked for tokens that have not come */
  readonly #asked = new Set<number>();

  /** @param endpoint where it refreshes, as the first account does; undefined: by a function, under a name of its own */
  constructor(
    tab: Tab,
    platform: Platform,
    { scheduler, journal }: { scheduler: Scheduler; journal: Journal },
    server: NeighbourServer,
    endpoint: string | undefined,
  ) {
    this.#tab = tab;
    this.#server = server;
    this.#scheduler = scheduler;
    this.#journal = journal;
    const fetch: typeof globalThis.fetch = async (_, init) => {
      const tokens = await server.refresh(tab, JSON.parse(String(init?.body)).refreshToken);
      const status = tokens ? 200 : 401;
      return { ok: !!tokens, status, headers: new Headers(), json: async () => tokens ?? {} } as Response;
    };
    const asks = endpoint
      ? { refresh: endpoint, fetch }
      : {
          name: "neighbour",
          refresh: async ({ refreshToken }: { refreshToken?: string | undefined }) =>
            (await server.refresh(tab, refreshToken)) ?? null,
        };
    this.#session = new AuthSession({ ...asks, store: memoryStore(server.login()) }, platform);
    this.#session.subscribe(({ status }) => journal.note(tab.name, () => `neighbour ${status}`));
  }

  getToken(forceRefresh: boolean): void {
    const at = this.#scheduler.time;
    this.#asked.add(at);
    const over = () => this.#asked.delete(at);
    this.#session.getToken({ forceRefresh }).then(over, over);
  }

  /** Out, and in again. */
  signInAnew(): void {
    this.#journal.note(this.#tab.name, () => "its neighbour signs out and in");
    void this.#session.signOut();
    void this.#session.signIn(this.#server.login());
  }

  /** What the first account does is nothing to it. */
  check(): void {
    const { time } = this.#scheduler;
    if (this.#session.state.status === "signedOut")
      this.#journal.report("B2", `the neighbour in ${this.#tab.name} is signed out`);
    for (const at of this.#asked) {
      if (time - Math.max(at, this.#tab.awakeSince) > SOON)
        this.#journal.report("B2", `the neighbour in ${this.#tab.name} has to wait for somebody else`);
    }
  }
}
