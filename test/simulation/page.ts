import {
  AuthSession,
  AuthSocket,
  memoryStore,
  type TokenSet,
  type TokenStore,
  webStorageStore,
} from "authsocket";
import type { Platform } from "../../src/client/platform/platform.ts";
import type { Session } from "../../src/client/session/session.ts";
import type { Choices } from "./choices.ts";
import type { IdentitySdk } from "./identity-sdk.ts";
import type { Journal } from "./journal.ts";
import type { Neighbour } from "./neighbour.ts";
import type { Network, Sender } from "./network.ts";
import type { Settings } from "./settings.ts";
import { Sibling } from "./sibling.ts";
import type { StorageArea } from "./storage.ts";
import type { StoreFaults } from "./store-faults.ts";
import type { Tab } from "./tab.ts";
import type { Wires } from "./wires.ts";

/** Where every page refreshes. */
export const ENDPOINT = "https://app.example/refresh";

interface Surroundings {
  choices: Choices;
  journal: Journal;
  settings: Settings;
  network: Network;
  wires: Wires;
  sdk: IdentitySdk;
  /** The user of an access token, good or not. */
  userOf: (token: string | undefined) => string | undefined;
}

/** What a page is made of. */
interface Parts {
  tab: Tab;
  platform: Platform;
  /** localStorage or sessionStorage; undefined: tokens are kept in the page's memory */
  storage: StorageArea | undefined;
  /** undefined: its store works */
  faults: StoreFaults | undefined;
  neighbour: Neighbour | undefined;
  /** whose tokens it begins with */
  first: string | undefined;
}

/** What a listener of the app's throws. */
export class ListenerError extends Error {}

/** The app in a tab: the real AuthSession and AuthSocket, over the real Socket.IO client. */
export class Page implements Sender {
  readonly tab: Tab;
  readonly storage: StorageArea | undefined;
  readonly faults: StoreFaults | undefined;
  /** Whose tokens it began with. */
  readonly first: string | undefined;
  readonly sibling: Sibling | undefined;
  readonly neighbour: Neighbour | undefined;
  session: AuthSession;
  auth: AuthSocket;
  /** What the app waits for: since when, in ms of the scheduler. */
  readonly awaited = new Map<string, number>();
  /** Whether its last session has expired: what was emitted is kept, should the same user return (B17). */
  hasExpired = false;
  /** The access tokens that it has signed somebody in with. */
  readonly given = new Set<string>();
  /** Those that it has written into the store by itself. */
  readonly written = new Set<string>();
  /** The refresh token that its store was last seen to hold. */
  lastRefreshToken: string | undefined;
  readonly #parts: Parts;
  readonly #world: Surroundings;
  readonly #journal: Journal;
  #stored: { text: string; refreshToken?: string | undefined } = { text: "" };
  #count = 0;

  constructor(parts: Parts, world: Surroundings) {
    this.tab = parts.tab;
    this.storage = parts.storage;
    this.faults = parts.faults;
    this.first = parts.first;
    this.neighbour = parts.neighbour;
    this.#parts = parts;
    this.#world = world;
    this.#journal = world.journal;
    [this.session, this.auth] = this.#make();
    if (world.settings.hasSiblings)
      this.sibling = new Sibling(this.tab, world.journal, (sender) => this.#makeSession(sender));
  }

  /** B22: the app disposes of both and makes them anew, as a component that is mounted again does. */
  remake(now: number): void {
    this.tab.sessionSince = now;
    this.#journal.note(this.tab.name, () => "disposes of its session and socket, and makes them anew");
    this.auth.dispose();
    this.session.dispose();
    [this.session, this.auth] = this.#make();
    this.sibling?.remake();
  }

  #makeSession(sender: Sender): AuthSession {
    const { settings, network, sdk } = this.#world;
    const { tab, platform } = this.#parts;
    const name = settings.hasSiblings ? "app" : undefined;
    const asks =
      settings.keeping === "source"
        ? { source: sdk.sourceOf(tab, sender) }
        : { refresh: ENDPOINT, store: this.#store(), fetch: network.fetchOf(tab, sender) };
    return new AuthSession({ name, ...asks }, platform);
  }

  #store(): TokenStore {
    const { storage, faults } = this.#parts;
    const { keeping, storeFaults } = this.#world.settings;
    let store = memoryStore();
    if (storage) {
      const { subscribe: _, ...own } = webStorageStore("authToken", faults?.storage(storage) ?? storage);
      store =
        keeping === "perTab"
          ? Object.assign(own, { "~reach": { perTab: true } })
          : { ...own, subscribe: (listener) => storage.subscribe(listener) };
    }
    return faults && storeFaults ? faults.store(store, storeFaults) : store;
  }

  #make(): [AuthSession, AuthSocket] {
    const tab = this.tab;
    const journal = this.#journal;
    const session = this.#makeSession(this);
    const auth = new AuthSocket("https://app.example", {
      autoConnect: true,
      session,
      io: { transports: [this.#world.wires.transportOf(tab)], randomizationFactor: 0 },
    });
    auth.socket.on("private", (owner: string) => {
      if (owner !== this.user)
        journal.report("B16", `${tab.name}, ${this.user}'s, is told what is ${owner}'s`);
    });
    // B14: cut twice within ten seconds, a socket waits for the user, who presses a button.
    auth.subscribe((state) => {
      if (state.status === "refused" && state.error.code === "kicked")
        tab.setTimeout(() => auth.connect(), 5_000);
    });
    session.subscribe(({ status, error }) => {
      if (status === "signedOut" && error) this.hasExpired = true;
      else if (status === "signedIn") this.hasExpired = false;
    });
    const tell = () => {
      journal.note(
        tab.name,
        () => `session ${session.state.status} (${this.user ?? "nobody"}), socket ${auth.state.status}`,
      );
    };
    // B9: what a listener throws keeps nobody from the news.
    const fail = () => {
      if (this.#world.choices.mishap(`${tab.name} listener`, 0.05))
        throw new ListenerError("thrown by a listener");
    };
    for (const listener of [fail, tell]) {
      session.subscribe(listener);
      auth.subscribe(listener);
    }
    return [session, auth];
  }

  /** Whose token the page holds, which may name nobody; undefined: nobody is signed in, or nobody knows. */
  get user(): string | undefined {
    return this.userIn(this);
  }

  /** The same of one of its sessions. */
  userIn({ session, token }: Page | Sibling): string | undefined {
    return session.state.status === "signedOut" ? undefined : this.#world.userOf(token);
  }

  /** Its sessions of that user. */
  get sessions(): (Page | Sibling)[] {
    return this.sibling ? [this, this.sibling] : [this];
  }

  /** Its access token, good or not. */
  get token(): string | undefined {
    return (this.session["~session"] as Session).currentToken;
  }

  /** The refresh token in its store, where there is one: what an app sends to its logout endpoint. */
  refreshToken(): string | undefined {
    const { storage } = this;
    if (!storage) return undefined;
    // Asked after each step, when hardly ever something has changed.
    const text = `${storage.getItem("authToken")} ${storage.getItem("authToken:meta")}`;
    if (text !== this.#stored.text) {
      const tokens = webStorageStore("authToken", storage).load() as TokenSet | null;
      this.#stored = { text, refreshToken: tokens?.refreshToken };
    }
    return this.#stored.refreshToken;
  }

  write(token: string): void {
    this.#journal.note(this.tab.name, () => "writes a token into the store by itself");
    this.written.add(token);
    this.storage?.setItem("authToken", token);
  }

  /** Emits a note in the user's name, and waits for its acknowledgement. */
  emit(now: number): void {
    const { user } = this;
    if (user === undefined) return;
    this.#await(
      `the acknowledgement of note ${++this.#count}`,
      now,
      this.auth.socket.emitWithAck("note", user),
    );
  }

  getToken(forceRefresh: boolean, now: number): void {
    this.#await(`token ${++this.#count}`, now, this.session.getToken({ forceRefresh }));
  }

  #await(what: string, now: number, promise: Promise<unknown>): void {
    this.awaited.set(what, now);
    const over = () => {
      this.awaited.delete(what);
    };
    promise.then(over, over);
  }
}
