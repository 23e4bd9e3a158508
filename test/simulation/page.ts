import { AuthSession, AuthSocket, memoryStore, type TokenStore, webStorageStore } from "authsocket";
import type { Platform } from "../../src/client/platform/platform.ts";
import type { Session } from "../../src/client/session/session.ts";
import type { Choices } from "./choices.ts";
import type { Journal } from "./journal.ts";
import type { Neighbour } from "./neighbour.ts";
import type { Tab } from "./tab.ts";
import type { Wires } from "./wires.ts";

/** Where every page refreshes. */
export const ENDPOINT = "https://app.example/refresh";

interface Surroundings {
  choices: Choices;
  journal: Journal;
  /** The user of an access token, good or not. */
  userOf: (token: string | undefined) => string | undefined;
}

/** What a listener of the app's throws. */
export class ListenerError extends Error {}

/** The app in a tab: the real AuthSession and AuthSocket, over the real Socket.IO client. */
export class Page {
  readonly tab: Tab;
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
  readonly #platform: Platform;
  readonly #wires: Wires;
  readonly #choices: Choices;
  readonly #storage: Storage | undefined;
  readonly #subscribe: TokenStore["subscribe"];
  readonly #journal: Journal;
  readonly #userOf: Surroundings["userOf"];
  #count = 0;

  /** @param storage default: the page's memory */
  constructor(
    tab: Tab,
    platform: Platform,
    wires: Wires,
    { choices, journal, userOf }: Surroundings,
    storage: (Storage & Pick<TokenStore, "subscribe">) | undefined,
    neighbour: Neighbour | undefined,
  ) {
    this.tab = tab;
    this.neighbour = neighbour;
    this.#platform = platform;
    this.#wires = wires;
    this.#choices = choices;
    this.#storage = storage;
    this.#journal = journal;
    this.#userOf = userOf;
    this.#subscribe = storage?.subscribe?.bind(storage);
    [this.session, this.auth] = this.#make();
  }

  /** B22: the app disposes of both and makes them anew, as a component that is mounted again does. */
  remake(now: number): void {
    this.tab.sessionSince = now;
    this.#journal.note(this.tab.name, () => "disposes of its session and socket, and makes them anew");
    this.auth.dispose();
    this.session.dispose();
    [this.session, this.auth] = this.#make();
  }

  #make(): [AuthSession, AuthSocket] {
    const tab = this.tab;
    const journal = this.#journal;
    const storage = this.#storage;
    const subscribe = this.#subscribe;
    const store = storage
      ? { ...webStorageStore("authToken", storage), ...(subscribe && { subscribe }) }
      : memoryStore();
    const session = new AuthSession({ refresh: ENDPOINT, store }, this.#platform);
    const auth = new AuthSocket("https://app.example", {
      autoConnect: true,
      session,
      io: { transports: [this.#wires.transportOf(tab)], randomizationFactor: 0 },
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
      if (this.#choices.mishap(`${tab.name} listener`, 0.05)) throw new ListenerError("thrown by a listener");
    };
    for (const listener of [fail, tell]) {
      session.subscribe(listener);
      auth.subscribe(listener);
    }
    return [session, auth];
  }

  /** Whose token the page holds, which may name nobody; undefined: nobody is signed in, or nobody knows. */
  get user(): string | undefined {
    if (this.session.state.status === "signedOut") return undefined;
    return this.#userOf(this.token);
  }

  /** Its access token, good or not. */
  get token(): string | undefined {
    return (this.session["~session"] as Session).currentToken;
  }

  /** The refresh token in its store, where there is one: what an app sends to its logout endpoint. */
  refreshToken(): string | undefined {
    return JSON.parse(this.#storage?.getItem("authToken:meta") ?? "{}").refreshToken;
  }

  write(token: string): void {
    this.#journal.note(this.tab.name, () => "writes a token into the store by itself");
    this.written.add(token);
    this.#storage?.setItem("authToken", token);
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
