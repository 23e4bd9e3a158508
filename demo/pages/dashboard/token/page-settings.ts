import type { TokenStore } from "authsocket";
import { createRefreshWatch, type RefreshWatch } from "./refresh-watch.ts";
import { type StoreName, storeChoices, storeNameIn } from "./token-stores.ts";

/** A page whose AuthSocket keeps and refreshes the tokens. An ordinary app needs none of these. */
export interface StoreSettings {
  readonly storeName: StoreName;
  readonly store: TokenStore;
  readonly refreshes: RefreshWatch;
}

/** A page whose tokens an identity provider's client keeps and renews. */
export interface ProviderSettings {
  /** The client's name. */
  readonly client: string;
  /** How long before its end the client renews a token, in ms. */
  readonly renewsBefore: number;
  /** Leaves the page, for the provider's sign-in page. */
  signIn(): Promise<void>;
  /** Removes the tokens from the client. */
  signOut(): Promise<void>;
}

export type PageSettings = StoreSettings | { readonly provider: ProviderSettings };

/** The settings of this page. Its address names the store, so that a reload and a second tab keep the choice. */
export function pageSettings(): StoreSettings {
  const storeName = storeNameIn(location.search);
  const choice = storeChoices.find(({ name }) => name === storeName);
  if (choice === undefined) throw new TypeError(`There is no store "${storeName}".`);
  return { storeName, store: choice.create(), refreshes: createRefreshWatch() };
}
