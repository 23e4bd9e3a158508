import type { TokenSet, TokenStore } from "authsocket";

type Listener = () => void;

let stores = 0;

/** A store that several tabs share: what one writes, the others hear of. */
export class TabStore {
  /** Of the sessions that keep their tokens in it. */
  readonly name = `authsocket-testing-store-${++stores}`;
  /** The last access token that was seen in it. */
  accessToken: string | undefined;
  readonly #inner: TokenStore;
  readonly #tell: (listener: Listener) => void;
  readonly #listeners: Map<Listener, TokenStore>;

  /**
   * @param tell calls a listener when the news has arrived
   * @param kin another store over the same key: the news of one is news of both, as in a page
   */
  constructor(inner: TokenStore, tell: (listener: Listener) => void, kin?: TabStore) {
    this.#inner = inner;
    this.#tell = tell;
    this.#listeners = kin ? kin.#listeners : new Map();
  }

  /**
   * The store as one tab sees it.
   *
   * @param inner the tab's own object for it
   */
  open(inner = this.#inner): TokenStore {
    const wrote = <Result>(result: Result): Result => {
      for (const [listener, owner] of this.#listeners) if (owner !== tab) this.#tell(listener);
      return result;
    };
    const tab: TokenStore = {
      load: () => {
        const tokens = inner.load();
        if (tokens instanceof Promise) return tokens.then((loaded) => this.#seen(loaded));
        return this.#seen(tokens);
      },
      save: (tokens) => {
        this.#seen(tokens);
        return then(inner.save(tokens), wrote);
      },
      clear: (signedOut) => {
        this.accessToken = undefined;
        return then(inner.clear(signedOut), wrote);
      },
      subscribe: (listener) => {
        // One of its own, since two tabs may share a function.
        const own = () => listener();
        this.#listeners.set(own, tab);
        const unsubscribe = inner.subscribe?.(listener);
        return () => {
          this.#listeners.delete(own);
          unsubscribe?.();
        };
      },
    };
    if (inner.signedOut) tab.signedOut = () => inner.signedOut?.() ?? false;
    return tab;
  }

  #seen(tokens: TokenSet | null): TokenSet | null {
    if (tokens) this.accessToken = tokens.accessToken;
    return tokens;
  }
}

function then<Result>(
  value: Result | Promise<Result>,
  next: (value: Result) => Result,
): Result | Promise<Result> {
  return value instanceof Promise ? value.then(next) : next(value);
}
