import type { TokenStore } from "authsocket";
import { createRefreshWatch, type RefreshWatch } from "./refresh-watch.ts";
import { type StoreName, storeChoices, storeNameIn } from "./token-stores.ts";

/** Options of AuthSocket that only this demo needs, in order to show what happens. */
export interface PageSettings {
  readonly storeName: StoreName;
  readonly store: TokenStore;
  readonly refreshes: RefreshWatch;
}

/** The settings of this page. Its address names the store, so that a reload and a second tab keep the choice. */
export function pageSettings(): PageSettings {
  const storeName = storeNameIn(location.search);
  const choice = storeChoices.find(({ name }) => name === storeName);
  if (choice === undefined) throw new TypeError(`There is no store "${storeName}".`);
  return { storeName, store: choice.create(), refreshes: createRefreshWatch() };
}
