import type { AuthSession, AuthSocket, TokenStore } from "authsocket";
import type { Client } from "./client.ts";
import { TabStore } from "./tab-store.ts";

/** The clients of a server: the AuthSockets and AuthSessions that it has made, and the stores that they share. */
export class ClientRegistry {
  readonly #clients = new Set<Client>();
  readonly #bySession = new WeakMap<AuthSession, Client>();
  readonly #sockets = new Set<AuthSocket>();
  readonly #sessions = new Set<AuthSession>();
  /** By the app's store, or the key that such stores share; and by their Web Storage, undefined being the page's `localStorage`. */
  readonly #stores = new Map<TokenStore | string, Map<object | undefined, TabStore>>();
  readonly #tell: (listener: () => void) => void;
  #isClosed = false;

  /** @param tell calls a listener of a store when the news has arrived */
  constructor(tell: (listener: () => void) => void) {
    this.#tell = tell;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** A client whose AuthSocket or AuthSession could be made, or is the app's own to make. */
  add(client: Client): void {
    this.#clients.add(client);
  }

  addSocket(socket: AuthSocket, client: Client): void {
    this.add(client);
    this.#sockets.add(socket);
    this.#bySession.set(socket.session, client);
  }

  addSession(session: AuthSession, client: Client): void {
    this.add(client);
    this.#sessions.add(session);
    this.#bySession.set(session, client);
  }

  /** The client that a session was made for. */
  of(session: AuthSession): Client | undefined {
    return this.#bySession.get(session);
  }

  /**
   * A store as the tabs of the browser share it. B2: as in a page, those over one key of one storage are one. Over two storages they
   * hear of each other, since an app may make a wrapper of `localStorage` for each.
   */
  tabStore(store: TokenStore): TabStore {
    const { "~reach": reach } = store as { "~reach"?: { sharedKey?: string; storage?: object } };
    const key = reach?.sharedKey ?? store;
    const storage = otherThanPages(reach?.storage);
    const stores = this.#stores.get(key) ?? new Map<object | undefined, TabStore>();
    this.#stores.set(key, stores);
    const [kin] = stores.values();
    const known = stores.get(storage) ?? new TabStore(store, this.#tell, kin);
    stores.set(storage, known);
    return known;
  }

  /** @throws Error if the clients have no store, or more than one */
  get onlyStore(): TabStore {
    const [store, ...others] = new Set([...this.#clients].flatMap(({ store }) => store ?? []));
    if (store && others.length === 0) return store;
    if (store) {
      const count = others.length + 1;
      throw new Error(
        `otherTab expected one client with a store, but there are ${count}: use otherTabOf(client)`,
      );
    }
    throw new Error(
      this.#clients.size > 0
        ? "otherTab: this client has no store (cookie or source): use its session's own signIn() and signOut()"
        : "otherTab expected a client with a store: call server.socket() first",
    );
  }

  /** All is settled: who was kicked, and could have come back automatically, has not done so. */
  haveStayedAway(): void {
    for (const client of this.#clients) client.hasStayedAway();
  }

  /** The state of each AuthSocket, for people. */
  states(): string[] {
    return [...this.#sockets].map(({ state, session }) => {
      const { subject = "nobody" } = session.state;
      const code = state.error?.code;
      return `${subject}'s AuthSocket is ${state.status}${code ? ` (${code})` : ""}`;
    });
  }

  /** Disposes of them. No others can be made. */
  dispose(): void {
    this.#isClosed = true;
    for (const socket of this.#sockets) socket.dispose();
    for (const session of this.#sessions) session.dispose();
  }
}

/** @returns undefined for the page's `localStorage`, which an app need not name */
function otherThanPages(storage: object | undefined): object | undefined {
  try {
    return storage && storage !== globalThis.localStorage ? storage : undefined;
  } catch {
    return storage; // B9: if storage is denied, some browsers throw when it is accessed
  }
}
