import type { SessionState, TokenSet } from "authsocket";
import type { Lease } from "../../src/client/lease/lease.ts";
import { fingerprint } from "../../src/client/token/fingerprint.ts";
import { type Computer, trueTime } from "./computer.ts";
import type { Journal } from "./journal.ts";
import type { LeaseDesk } from "./lease-desk.ts";
import type { NeighbourServer } from "./neighbour.ts";
import type { Flight, Network, Sender } from "./network.ts";
import type { Page } from "./page.ts";
import type { Intent, People } from "./people.ts";
import { type RotatingServer, SECRET } from "./rotating-server.ts";
import type { Scheduler } from "./scheduler.ts";
import { holdsRefreshToken, type Settings, sharesStore } from "./settings.ts";
import type { Sibling } from "./sibling.ts";
import type { SocketServer } from "./socket-server.ts";
import type { StorageService } from "./storage.ts";
import type { Tab } from "./tab.ts";
import type { Wires } from "./wires.ts";

/** ms that a tab may take over one refresh, its own time and that of one other tab which it waits for. */
const [ONE_REFRESH, ONE_HOLDER] = [15_000, 14_000];

/** ms after which other tabs go on without whoever refreshes. */
const TIMEOUT = 10_000;

/** ms for which a refresh that has taken longer is seen to its end (B22). */
const PATIENCE = 39_000;

/** ms, at most, that a look at a lease takes. */
const TRANSACTION = 3_500;

/** ms, at most, by which the server's word on a token's life comes later than the token. */
const HELLO = 400;

/** ms, at most, for what one tab has stored to be seen by another. */
const UNSEEN = 1_000;

/** ms between a request and the storing of its answer after which a token's life is measured from the request (B5). */
const SLOW = 5_000;

/** ms for a sign-in or sign-out to be known in a tab that is awake. */
const NEWS = 20_000;

/** ms between two intents of one user that stand in an order. */
const ORDER = 3_000;

interface Surroundings {
  scheduler: Scheduler;
  journal: Journal;
  computer: Computer;
  settings: Settings;
  server: RotatingServer;
  sockets: SocketServer;
  network: Network;
  storage: StorageService;
  desk: LeaseDesk;
  neighbours: NeighbourServer;
  wires: Wires;
  pages: Page[];
  people: People;
}

/** The rules that hold at every moment, and those that hold once all is calm. */
export class Invariants {
  readonly #world: Surroundings;
  /** Who has changed a lease in this step. */
  #changer: Tab | undefined;
  /** When the token that was stored last was issued. */
  #issuedAt = Number.NEGATIVE_INFINITY;
  /** T24: a token that the app wrote by itself, which no lease tells the other tabs of. */
  #unannounced: { by: Tab; at: number } | undefined;
  /** The refresh that each session has sent last. */
  readonly #last = new Map<Sender | undefined, Flight>();
  /** The refresh tokens that are used up, as each tab has read in a lease, by their fingerprints. */
  readonly #spent = new Map<Tab, Set<number>>();
  /** The refresh token that has brought each tab new ones last. */
  readonly #granted = new Map<Tab, string>();
  /** Who was the first to be given new tokens for a refresh token. */
  readonly #usedBy = new Map<string, Tab>();
  #latest: Flight | undefined;
  /** What to look at once this step is over. */
  readonly #looks: (() => void)[] = [];
  /** By refresh token: its successor could not be written into the store of who was given it. */
  readonly #unwritten = new Set<string>();
  /** Whether a store could not be emptied: what it holds then is found to be over by whoever uses it, as what was used. */
  #isUncleared = false;
  /** The sessions that are signed out for a reason that nobody could help, or their pages. */
  readonly #excused = new WeakSet<object>();
  readonly #seen = new WeakSet<object>();
  readonly #refreshingSince = new Map<object, number>();

  constructor(world: Surroundings) {
    this.#world = world;
    const { server, sockets, network, storage, desk, wires } = world;
    // B6, B7: its one retry, where there is no other token to be had.
    sockets.mayReturn = (tab) => this.#unwritten.has(this.#page(tab)?.lastRefreshToken ?? "");
    server.onReuse = () => {
      // Who has just signed out is not signed out by it.
      const last = world.people.intents.at(-1);
      if (!last || last.user) this.#break("B2", "a refresh token was used twice, and the user is signed out");
    };
    network.onRefresh = (flight, others) => this.#departs(flight, others);
    network.onAbort = (flight) => this.#aborts(flight);
    network.onAnswer = (flight) => this.#answered(flight);
    storage.onWrite = (tab, key, value) => this.#stores(tab, key, value);
    desk.onChange = (tab, lease) => this.#changes(tab, lease);
    wires.onSend = (tab, packet) => this.#sends(tab, packet);
  }

  /** Looks after every step. */
  check(): void {
    this.#changer = undefined;
    for (const look of this.#looks.splice(0)) look();
    const { pages, people, neighbours, settings } = this.#world;
    const isHeld = holdsRefreshToken(settings.keeping);
    for (const page of pages) {
      if (!page.tab.isAwake) continue;
      this.#checkSecrecy(page);
      if (isHeld) page.lastRefreshToken = page.refreshToken() ?? page.lastRefreshToken;
      for (const sender of page.sessions) {
        this.#checkPatience(sender);
        this.#checkUser(page, sender);
        const excused = this.#excusable(page, sender.session);
        const { status } = sender.session.state;
        if (status === "signedIn") this.#excused.delete(excused);
        else if (status === "signedOut" && this.#isOrphan(page)) this.#excused.add(excused);
        else if (status === "signedOut" && people.isQuiet && !this.#excused.has(excused))
          this.#break("B2", `${page.tab.name} is signed out, which nobody has asked for`);
      }
      page.neighbour?.check();
      if (neighbours.knows(page.token)) this.#break("B2", `${page.tab.name} has its neighbour's token`);
    }
  }

  /** A page with a storage of its own has one session at a time: one that is made anew finds what the last one left. */
  #excusable(page: Page, session: object): object {
    return this.#world.settings.keeping === "perTab" ? page : session;
  }

  /** What is still not as it should be, once nothing is under way any more; undefined: all is well. */
  disagreement(): string | undefined {
    const { pages, people, server, sockets, settings, storage } = this.#world;
    const live = pages.filter(({ tab }) => !tab.isGone);
    if (live.length === 0 || people.isUnclear) return undefined;
    const users = new Set(live.flatMap((page) => this.#usersOf(page)));
    if (users.size > 1 && settings.keeping !== "perTab")
      return `${live.map(({ tab, user }) => `${tab.name} is ${user ?? "nobody"}'s`).join(", ")}`;
    for (const page of live) {
      const { tab, auth, awaited, hasExpired, user } = page;
      const expected = this.#acceptable(page);
      if (
        !expected.has(user) &&
        !(user === undefined && this.#excused.has(this.#excusable(page, page.session)))
      )
        return `${tab.name} is ${user ?? "nobody"}'s, and not ${[...expected].map((name) => name ?? "nobody").join(" or ")}'s`;
      const { status } = auth.state;
      // B7: with a token that is refused, and of whose end nobody has told.
      if (status === "connecting" && this.#unwritten.has(page.lastRefreshToken ?? "")) continue;
      const connections = [...sockets.connections].filter(([, its]) => its === tab);
      if (status !== (user ? "connected" : "signedOut")) return `${tab.name} is ${status}`;
      const as = connections.map(([{ subject }]) => subject).join();
      if (as !== (user ?? ""))
        return `${tab.name} is connected as ${as || "nobody"}, and not as ${user ?? "nobody"}`;
      // B17: what was emitted before an expiry is kept for the same user.
      if (status === "signedOut" && hasExpired) continue;
      const [left] = awaited.keys();
      if (left) return `${tab.name} still waits for ${left}`;
    }
    if (!sharesStore(settings.keeping)) return undefined;
    const [user] = users;
    if (user === undefined && (this.#isUncleared || this.#unwritten.size > 0)) return undefined;
    const stored = server.accounts.find(storage.truth.get("authToken"))?.signIn.subject;
    return stored === user
      ? undefined
      : `${stored ?? "nobody"}'s token is stored, and not ${user ?? "nobody"}'s`;
  }

  #break(rule: string, text: string): void {
    this.#world.journal.report(rule, text);
  }

  /** B2: with a storage per tab, what others say is nothing to a page. */
  #intents(page: Page): readonly Intent[] {
    const { settings, people } = this.#world;
    return settings.keeping === "perTab"
      ? people.intents.filter((intent) => intent.page === page)
      : people.intents;
  }

  #page(tab: Tab): Page | undefined {
    return this.#world.pages.find((page) => page.tab === tab);
  }

  /** A tab's store could not be written: with these tokens, or to tell of a sign-out. */
  loses(tab: Tab, tokens: TokenSet | undefined): void {
    const page = this.#page(tab);
    this.#isUncleared ||= !tokens;
    const intent = this.#world.people.intents.filter((intent) => intent.page === page).at(-1);
    const isSignIn = tokens !== undefined && page?.given.has(tokens.accessToken);
    if (intent && (tokens ? isSignIn : !intent.user)) intent.isUnwritten = true;
    const used = this.#granted.get(tab);
    if (tokens && !isSignIn && used !== undefined) this.#unwritten.add(used);
  }

  /**
   * B6: whether a session has ended that holds its refresh token and cannot have another: a duplicate of its tab has used
   * it, or has signed out; what it was replaced by could not be written; or its store could not be read.
   */
  #isOrphan({ tab, session, lastRefreshToken = "", faults }: Page): boolean {
    const { settings, server } = this.#world;
    if (!holdsRefreshToken(settings.keeping)) return false;
    if (faults?.isUnreadable || this.#unwritten.has(lastRefreshToken)) return true;
    // Opened since, it has found the old access token and nothing beside it.
    if (lastRefreshToken === "" && this.#unwritten.size > 0) return true;
    const by = this.#usedBy.get(lastRefreshToken);
    const isOver = server.accounts.owner(lastRefreshToken)?.isOver || (by !== undefined && by !== tab);
    return settings.keeping === "perTab" && isOver && session.state.error?.code === "session_expired";
  }

  #departs(flight: Flight, others: ReadonlySet<Flight>): void {
    const { settings, scheduler } = this.#world;
    const { tab, sender, token } = flight;
    // B6: as far as the tabs know, by its own last look at the lease.
    if (token !== undefined && this.#spent.get(tab)?.has(fingerprint(token)))
      this.#break("B6", `${tab.name} sends a refresh token that it knows to be used`);
    for (const other of others) {
      const isOwn = other.sender === sender && other.sentAt >= tab.sessionSince;
      if (other.token === token && (isOwn || flight.sentAt < other.sentAt + TIMEOUT)) {
        this.#break("B2", `${tab.name} refreshes while ${other.tab.name}'s refresh is under way`);
      }
    }
    // After another tab's turn, what was given before is not taken over.
    const last = this.#latest?.tab === tab ? this.#latest : undefined;
    this.#last.set(sender, flight);
    this.#latest = flight;
    const page = this.#page(tab);
    const state = sender?.session.state;
    const { sentAt = 0, grantedAt = 0 } = last ?? {};
    const isFresh = grantedAt - sentAt < SLOW && grantedAt > tab.awakeSince;
    const isAnew = isFresh && sentAt < tab.sessionSince && grantedAt > tab.sessionSince;
    const isSame = !this.#isAnothers(sentAt);
    // What one has been given is told to the next by their store, and to other tabs.
    const isBlind = page?.faults?.isUnreadable || page?.faults?.isUnwritable;
    if (isAnew && isSame && !isBlind && state?.status === "refreshing" && state.reason === "missing") {
      this.#break("B22", `${tab.name} does not take over what its predecessor was given`);
    }
    // An SDK is asked at once, and sends when it likes.
    if (state?.status !== "refreshing" && settings.keeping !== "source") {
      this.#break(
        "B22",
        `${tab.name} sends a refresh whose place something else has taken: ${state?.status}`,
      );
    }
    const { by = tab, at = 0 } = this.#unannounced ?? {};
    // A tab that was frozen meanwhile hears of it no sooner than it is thawed.
    if (by !== tab && scheduler.time < Math.max(at, tab.awakeSince) + UNSEEN) return;
    const isRoutine = state?.status === "refreshing" && /^(expiring|expired|missing)$/.test(state.reason);
    const age = trueTime(scheduler) - this.#issuedAt;
    if (
      sharesStore(settings.keeping) &&
      !isBlind &&
      isRoutine &&
      !settings.clockJumps &&
      age < settings.lifetime * 0.4
    ) {
      this.#break(
        "B2",
        `${tab.name} refreshes a second time in one round, ${Math.round(age)} ms after the stored token was issued`,
      );
    }
  }

  #timedOut({ sender }: Flight): SessionState | undefined {
    const state = sender?.session.state;
    return state?.status === "waiting" && state.error.code === "refresh_timeout" ? state : undefined;
  }

  /** Whether somebody has signed in or out since a request was sent. */
  #isAnothers(sentAt: number): boolean {
    return this.#world.people.intents.some(({ calledAt }) => calledAt >= sentAt);
  }

  /** B22: a late answer is waited for, unless somebody has signed in meanwhile, whose cookie it could take (B16). */
  #aborts({ tab, sender, sentAt }: Flight): void {
    const age = this.#world.scheduler.time - sentAt;
    if (age < TIMEOUT || age >= PATIENCE || this.#isAnothers(sentAt)) return;
    this.#looks.push(() => {
      const { status } = sender?.session.state ?? {};
      if (status === "waiting" || status === "refreshing")
        this.#break("B22", `${tab.name} waits no longer than ${age} ms for an answer`);
    });
  }

  /** B22: a late answer is taken. */
  #answered(flight: Flight): void {
    const { tab, sender, token, sentAt } = flight;
    if (token !== undefined && flight.grantedAt !== undefined) {
      if (!this.#usedBy.has(token)) this.#usedBy.set(token, tab);
      this.#granted.set(tab, token);
    }
    const before = this.#timedOut(flight);
    if (!before || this.#last.get(sender) !== flight) return;
    const { scheduler } = this.#world;
    const look = () => {
      // A tab that was frozen meanwhile has its transaction still to come.
      const rest = tab.awakeSince + TRANSACTION - scheduler.time;
      if (rest > 0) scheduler.schedule(rest, look, tab);
      else if (this.#timedOut(flight) === before)
        this.#break(
          "B22",
          `${tab.name} does not take the answer to the refresh that it sent at ${sentAt} ms`,
        );
    };
    scheduler.schedule(TRANSACTION, look, tab);
  }

  #stores(tab: Tab, key: string, value: string | null): void {
    if (key !== "authToken" || value === null) return;
    const page = this.#page(tab);
    if (page?.given.has(value)) {
      this.#issuedAt = Number.NEGATIVE_INFINITY;
      return;
    }
    const isWritten = page?.written.has(value);
    if (isWritten) this.#unannounced = { by: tab, at: this.#world.scheduler.time };
    if (this.#changer !== tab && !isWritten)
      this.#break("B3", `${tab.name} stores a token without having held its turn`);
    const { network, scheduler } = this.#world;
    const askedFor = network.askedFor.get(value) ?? Number.POSITIVE_INFINITY;
    this.#issuedAt =
      scheduler.time - askedFor > SLOW
        ? Number.NEGATIVE_INFINITY
        : (this.#world.server.accounts.find(value)?.expiresAt ?? 0) - this.#world.settings.lifetime;
  }

  #changes(tab: Tab, lease: Lease): void {
    this.#changer = tab;
    const spent = this.#spent.get(tab) ?? new Set();
    this.#spent.set(tab, spent);
    for (const mark of lease.spent ?? []) spent.add(mark);
    if (JSON.stringify(lease).includes(SECRET)) this.#break("S1", `${tab.name} writes a token into a lease`);
  }

  #sends(tab: Tab, packet: string): void {
    const { scheduler, computer, settings } = this.#world;
    if (settings.telling === "nothing") return;
    const [, payload] = /^0(\{.*)$/.exec(packet) ?? [];
    const { token } = JSON.parse(payload ?? "{}");
    const receivedAt = this.#world.network.received.get(token);
    if (receivedAt === undefined || computer.skew !== 0) return;
    // A frozen tab may be told late how long a token is good, and take it to be younger than it is; and by a clock that is
    // put back, it is (B5).
    if (receivedAt < Math.max(tab.awakeSince, computer.setAt)) return;
    if (scheduler.time >= receivedAt + this.#world.settings.lifetime + HELLO) {
      this.#break("B1", `${tab.name} sends a token that it knows to be expired`);
    }
  }

  #checkSecrecy({ tab, auth, sessions }: Page): void {
    for (const state of [...sessions.map(({ session }) => session.state), auth.state]) {
      if (this.#seen.has(state)) continue;
      this.#seen.add(state);
      const error = "error" in state ? `${state.error?.message} ${state.error?.cause}` : "";
      if ((JSON.stringify(state) + error).includes(SECRET))
        this.#break("S1", `a state of ${tab.name} shows a token`);
    }
  }

  /** B3: nobody waits longer than for one refresh of each other tab and its own. */
  #checkPatience({ tab, session }: Page | Sibling): void {
    const { scheduler, pages, journal, settings } = this.#world;
    if (session.state.status !== "refreshing") {
      this.#refreshingSince.delete(session);
      return;
    }
    const begun = this.#refreshingSince.get(session) ?? scheduler.time;
    this.#refreshingSince.set(session, begun);
    const waited = scheduler.time - Math.max(begun, tab.awakeSince);
    const others = pages.length * (settings.hasSiblings ? 2 : 1);
    if (waited > ONE_REFRESH + ONE_HOLDER * others) {
      journal.report("B3", `${tab.name} has been waiting for a token for ${Math.round(waited / 1000)} s`);
    }
  }

  /** B10, B16: who is awake knows before long who has signed in or out. */
  #checkUser(page: Page, sender: Page | Sibling): void {
    const { scheduler, computer, pages, settings } = this.#world;
    const { tab } = page;
    const user = page.userIn(sender);
    const last = this.#intents(page).at(-1);
    if (user === undefined || !last || !computer.isOnline || this.#isDeaf(page, last)) return;
    const isAlone = settings.keeping === "memory" || settings.keeping === "source";
    // Opened before the server knew of the sign-out, it had no way to know either.
    if (isAlone && tab.openedAt > last.calledAt) return;
    const since = scheduler.time - Math.max(last.calledAt, tab.awakeSince, computer.onlineSince);
    if (since > NEWS + (isAlone ? ONE_HOLDER * pages.length : 0) && !this.#acceptable(page).has(user)) {
      this.#break(
        last.user ? "B16" : "B10",
        `${tab.name} is ${user}'s, ${Math.round(since / 1000)} s after ${last.user ?? "nobody"} has signed ${last.user ? "in" : "out"}`,
      );
    }
  }

  /** Whose the sessions of a page are, as far as they can know. */
  #usersOf(page: Page): (string | undefined)[] {
    const last = this.#intents(page).at(-1);
    // A session that has no socket and knows no end of its token hears of a sign-out by its store alone.
    const isLost = this.#world.settings.telling === "nothing" && last && this.#isDeaf(page, last);
    return page.sessions
      .filter((sender) => sender === page || !isLost)
      .filter(
        (sender) =>
          page.userIn(sender) !== undefined || !this.#excused.has(this.#excusable(page, sender.session)),
      )
      .map((sender) => page.userIn(sender));
  }

  /** B9: whether the store of a page could not tell it of an intent, or has not what the page was given before. */
  #isDeaf({ faults }: Page, { calledAt }: Intent): boolean {
    return !!faults && (faults.isUnwritable || faults.failedAt >= calledAt);
  }

  /** Who may be signed in: what was said last, and what was said in the same moment or by a tab that did not live to tell. */
  #acceptable(page: Page): Set<string | undefined> {
    const { isUnclear } = this.#world.people;
    const acceptable = new Set<string | undefined>(isUnclear ? ["alice", "bob", undefined] : []);
    let later: Intent | undefined;
    // What one page says later holds, however soon it says it.
    const speakers = new Set<Page>();
    for (const intent of [...this.#intents(page)].reverse()) {
      if (later && !later.page.tab.isGone && !later.isUnwritten && later.calledAt - intent.calledAt > ORDER)
        return acceptable;
      if (!speakers.has(intent.page)) acceptable.add(intent.user);
      if (!intent.page.tab.isGone) speakers.add(intent.page);
      later = intent;
    }
    if (!later || later.page.tab.isGone || later.isUnwritten) acceptable.add(page.first);
    return acceptable;
  }
}
