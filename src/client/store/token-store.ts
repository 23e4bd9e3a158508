import type { TokenSet } from "../token/token-set.ts";

/**
 * Where a session keeps its tokens. Any method may be asynchronous, throw, or hang: the session then goes on from memory,
 * with the warning `storage_unavailable`.
 */
export interface TokenStore {
  load(): TokenSet | null | Promise<TokenSet | null>;
  save(tokens: TokenSet): void | Promise<void>;
  /** @param signedOut true where the user signed out, which a persistent store remembers for `signedOut()` */
  clear(signedOut?: boolean): void | Promise<void>;
  /** Whether the store is empty because the user signed out. It can also be empty because it is new or was cleared. */
  signedOut?(): boolean | Promise<boolean>;
  /** Only for a store that all tabs share: tells of changes made by other tabs. Returns a function that ends it. */
  subscribe?(listener: () => void): () => void;
}

/**
 * What the package's own stores tell of themselves, which decides which tabs belong together (B2): the localStorage key
 * that all tabs of an origin share, or that each tab has a storage of its own.
 */
export interface StoreReach {
  readonly sharedKey?: string | undefined;
  /** What the app has named instead of `localStorage`, which authsocket/testing tells apart. */
  readonly storage?: object | undefined;
  readonly perTab?: true | undefined;
}

export function reachOf(store: TokenStore): StoreReach {
  return Object((store as { "~reach"?: unknown })["~reach"]);
}
