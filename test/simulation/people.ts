import type { AuthSession, TokenResponse } from "authsocket";
import type { Choices } from "./choices.ts";
import type { Computer } from "./computer.ts";
import type { IdentitySdk } from "./identity-sdk.ts";
import type { Journal } from "./journal.ts";
import type { Mishaps } from "./mishaps.ts";
import type { Network } from "./network.ts";
import type { Page } from "./page.ts";
import type { Scheduler } from "./scheduler.ts";
import { holdsRefreshToken, type Settings, type User } from "./settings.ts";
import type { Wires } from "./wires.ts";

/** ms between two looks at whether somebody does something. */
const BEAT = 1_000;

/** ms for a sign-in or sign-out to be over, before the user thinks of another. */
const PAUSE = 10_000;

const MOST_TABS = 4;

/** What people have said about who is signed in. */
export interface Intent {
  page: Page;
  /** undefined: nobody */
  user: User | undefined;
  calledAt: number;
  /** Whether the store of that page failed as it was written: others may not hear of it. */
  isUnwritten?: true;
}

interface Surroundings {
  scheduler: Scheduler;
  choices: Choices;
  journal: Journal;
  mishaps: Mishaps;
  computer: Computer;
  network: Network;
  wires: Wires;
  settings: Settings;
  sdk: IdentitySdk;
  /** all that were ever opened */
  pages: Page[];
  /** @param original of which it is a duplicate */
  open: (original?: Page) => void;
}

/** The user, and whoever else sits at this machine: signs in and out, opens and closes tabs, puts the lid down. */
export class People {
  readonly intents: Intent[] = [];
  /** Sign-ins that the server has been asked for, and the app has not been told of. */
  readonly #signingIn = new Set<number>();
  /** How often the server was asked for a sign-in or sign-out. */
  #asked = 0;
  #isMuddled = false;
  readonly #world: Surroundings;
  #busyUntil = 0;

  constructor(world: Surroundings) {
    this.#world = world;
    this.#beat();
  }

  /**
   * The server has signed somebody in, and the app has not yet, or never will, or only after another sign-in: what comes of
   * that is up to chance.
   */
  get isUnclear(): boolean {
    return this.#isMuddled || this.#signingIn.size > 0;
  }

  /** Whether nobody has ever asked for anything. */
  get isQuiet(): boolean {
    return this.#asked === 0;
  }

  #beat(): void {
    const { scheduler, choices, settings, pages } = this.#world;
    scheduler.schedule(BEAT, () => {
      if (choices.isCalm) return;
      this.#beat();
      for (const page of pages)
        if (choices.next(`${page.tab.name} emits`) < 0.1) this.#in(page, () => page.emit(scheduler.time));
      for (const page of pages) this.#beside(page);
      const name = choices.strikes("people", 0.2);
      const [first, ...others] = pages.filter(({ tab }) => tab.isAwake);
      if (!name || !first) return;
      const page = choices.pick(choices.share(`${name} where`), [first, ...others]);
      const peaceful = [
        this.#signIn,
        this.#signOut,
        this.#write,
        this.#demand,
        this.#look,
        this.#flicker,
      ] as const;
      const rough = [
        this.#freeze,
        this.#freeze,
        this.#close,
        this.#openTab,
        this.#unplug,
        this.#drop,
        this.#sleep,
        this.#drop,
        this.#remake,
      ] as const;
      const options = [
        ...peaceful,
        ...(settings.mishaps ? rough : []),
        ...(settings.keeping === "perTab" ? ([this.#duplicate, this.#duplicate] as const) : []),
        ...(settings.clockJumps ? [this.#setClock] : []),
      ] as const;
      choices.pick(choices.share(`${name} what`), options).call(this, page, name);
    });
  }

  /** In the page's own time. */
  #in({ tab }: Page, run: () => void): void {
    this.#world.scheduler.schedule(0, run, tab);
  }

  #isBusy(): boolean {
    const { scheduler } = this.#world;
    if (scheduler.time < this.#busyUntil) return true;
    this.#busyUntil = scheduler.time + PAUSE;
    return false;
  }

  #intend(page: Page, user: User | undefined): void {
    const { journal, scheduler } = this.#world;
    journal.note(page.tab.name, () => (user ? `signs ${user} in` : "signs out"));
    this.intents.push({ page, user, calledAt: scheduler.time });
  }

  #signIn(page: Page, name: string): void {
    const { choices, computer, settings } = this.#world;
    if (this.#isBusy()) return;
    const asked = ++this.#asked;
    const user = choices.pick<User>(choices.share(`${name} who`), ["alice", "bob"]);
    this.#in(page, () => {
      this.#signingIn.add(asked);
      // B16, as the README has it: between the login's answer, which brings the new user's cookie, and `signIn()`, tabs that
      // are not signed out refresh for the old user, and with the new cookie; nobody can tell from outside whose it was. So
      // the old user signs out first, or nothing comes in between: a page is not frozen there either. Where tokens name
      // nobody, no tab can tell a user that it was not told of.
      const isTakeover = page.session.state.status !== "signedOut" && page.user !== user;
      const isBlind = settings.telling !== "claims" && !holdsRefreshToken(settings.keeping);
      const leavesFirst = computer.isOnline && (isBlind || choices.share(`${name} signs out first`) < 0.5);
      page.tab.isWatched = isBlind || (isTakeover && !leavesFirst && !holdsRefreshToken(settings.keeping));
      const left = isTakeover && leavesFirst ? this.#leave(page, name) : undefined;
      if (left) void left.then(() => this.#logIn(page, user, asked, name));
      else void this.#logIn(page, user, asked, name);
    });
  }

  /** Out and in again, or in and out, as fast as the server answers: mostly within a tenth of a second. */
  #flicker(page: Page, name: string): void {
    const { choices, computer } = this.#world;
    const { user = "alice" } = page;
    if (!computer.isOnline || this.#isBusy()) return;
    const other = user === "alice" ? "bob" : "alice";
    const next = choices.share(`${name} same`) < 0.5 ? (user as User) : other;
    const asked = ++this.#asked;
    this.#in(page, async () => {
      this.#signingIn.add(asked);
      page.tab.isWatched = true;
      await this.#leave(page, name);
      await this.#logIn(page, next, asked, name);
      if (computer.isOnline && choices.share(`${name} out again`) < 0.5) await this.#leave(page, name);
    });
  }

  /** Which of the page's sessions does what has that name. */
  #speaker({ session, sibling }: Page, name: string): AuthSession {
    return sibling && this.#world.choices.share(`${name} by the sibling`) < 0.5 ? sibling.session : session;
  }

  async #logIn(page: Page, user: User, asked: number, name: string): Promise<void> {
    const { tab, given } = page;
    const answer = await this.#world.network.send(tab, { path: "login", user }).catch(() => undefined);
    if (answer) {
      const { token } = answer.body;
      this.#intend(page, user);
      this.#isMuddled ||= asked !== this.#asked;
      if (token) given.add(token);
      // Until it is told: a tab that crashes before that leaves the others in the dark.
      const isKeptBySdk = this.#world.settings.keeping === "source";
      if (isKeptBySdk) this.#world.sdk.hasUser(user, answer.body);
      const tokens = isKeptBySdk ? undefined : (answer.body as TokenResponse);
      await this.#speaker(page, name)
        .signIn(tokens)
        .catch(() => {
          // The page has disposed of its session in the midst of it.
          this.#isMuddled = true;
        });
    }
    tab.isWatched = false;
    this.#signingIn.delete(asked);
  }

  /** With the network there, since ending the session at the server is part of it. */
  #signOut(page: Page, name: string): void {
    if (!this.#world.computer.isOnline || this.#isBusy()) return;
    this.#asked++;
    this.#in(page, () => void this.#leave(page, name));
  }

  /** Whether the server hears of it or not, it is over here. */
  async #leave(page: Page, name: string): Promise<void> {
    const refreshToken = page.refreshToken();
    this.#intend(page, undefined);
    void this.#speaker(page, name)
      .signOut()
      .catch(() => {});
    this.#world.sdk.hasUser(undefined);
    await this.#world.network.send(page.tab, { path: "logout", refreshToken }).catch(() => {});
  }

  /** B8: the app's own code signs the same user in again and writes the token where the SDK looks for it. */
  #write(page: Page): void {
    const { settings, network } = this.#world;
    const user = page.user as User | undefined;
    // B16: a token that names nobody and that other code wrote is another user's.
    const isNamed = settings.telling === "claims";
    if (settings.keeping !== "cookie" || !isNamed || !user || this.#isBusy()) return;
    this.#asked++;
    this.#in(page, () => {
      const write = ({ body: { token } }: { body: { token?: string } }) => {
        if (token && page.user === user) page.write(token);
      };
      network.send(page.tab, { path: "login", user, beside: true }).then(write, () => {});
    });
  }

  #demand(page: Page, name: string): void {
    const { choices, scheduler, journal } = this.#world;
    const forced = choices.share(`${name} force`) < 0.5;
    this.#in(page, () => {
      journal.note(page.tab.name, () => `asks for a${forced ? " new" : ""} token`);
      page.getToken(forced, scheduler.time);
    });
  }

  /** What the second account does. */
  #beside(page: Page): void {
    const { tab, neighbour } = page;
    const share = neighbour && this.#world.choices.next(`${tab.name} neighbour`);
    if (!share || share > 0.3) return;
    this.#in(page, () => (share < 0.05 ? neighbour.signInAnew() : neighbour.getToken(share < 0.2)));
  }

  /** At once, or in mid-refresh. */
  #remake(page: Page, name: string): void {
    const { choices, scheduler } = this.#world;
    if (page.tab.isWatched) return;
    this.#in(page, () => {
      if (choices.share(`${name} mid`) < 0.7) page.getToken(true, scheduler.time);
      page.tab.setTimeout(() => page.remake(scheduler.time), choices.share(`${name} when`) * 100);
    });
  }

  #look({ tab }: Page): void {
    tab.wake(false);
  }

  #freeze({ tab }: Page, name: string): void {
    this.#world.mishaps.freeze(tab, name);
  }

  #close({ tab }: Page): void {
    tab.crash();
    this.#openTab();
  }

  #openTab(): void {
    const { pages, open } = this.#world;
    if (pages.filter(({ tab }) => !tab.isGone).length < MOST_TABS) open();
  }

  /** B6: not while its user is about to sign in. */
  #duplicate(page: Page): void {
    const { pages, open } = this.#world;
    const isFull = pages.filter(({ tab }) => !tab.isGone).length >= MOST_TABS;
    if (!isFull && !page.tab.isWatched && this.#signingIn.size === 0) open(page);
  }

  #unplug(_: Page, name: string): void {
    const { computer, scheduler, choices } = this.#world;
    if (!computer.isOnline) return;
    this.setOnline(false);
    scheduler.schedule(1_000 + choices.share(`${name} how long`) ** 2 * 20_000, () => this.setOnline(true));
  }

  setOnline(isOnline: boolean): void {
    const { computer, journal, scheduler, wires, pages } = this.#world;
    if (computer.isOnline === isOnline) return;
    journal.note("network", () => (isOnline ? "is back" : "is gone"));
    computer.isOnline = isOnline;
    computer.onlineSince = scheduler.time;
    if (!isOnline) wires.drop();
    else for (const { tab } of pages) tab.wake(true);
  }

  #drop({ tab }: Page): void {
    this.#world.journal.note(tab.name, () => "loses its connection");
    this.#world.wires.drop((other) => other === tab);
  }

  /** T23: every tab stops, and time goes on. */
  #sleep(_: Page, name: string): void {
    const { pages, scheduler, choices } = this.#world;
    for (const { tab } of pages) tab.freeze();
    scheduler.schedule(1_000 + choices.share(`${name} how long`) ** 2 * 40_000, () => {
      for (const { tab } of pages) tab.thaw();
    });
  }

  #setClock(_: Page, name: string): void {
    const { computer, choices, journal, scheduler } = this.#world;
    const hours = choices.share(`${name} back`) < 0.5 ? -2 : 2;
    journal.note("clock", () => `is set ${hours} hours`);
    computer.skew += hours * 3_600_000;
    computer.setAt = scheduler.time;
  }
}
