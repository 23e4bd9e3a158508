import { memoryStore, type TokenStore, webStorageStore } from "authsocket";

export type StoreName = "local" | "session" | "memory";

/** A place to store the token, and what that means for the user. */
export interface StoreChoice {
  readonly name: StoreName;
  readonly label: string;
  readonly meaning: string;
  create(): TokenStore;
}

const key = "authToken";

export const storeChoices: readonly StoreChoice[] = [
  {
    name: "local",
    label: "localStorage",
    meaning:
      "All tabs share the token, and it survives closing the browser. Any script on this page can read it.",
    create: () => webStorageStore(key),
  },
  {
    name: "session",
    label: "sessionStorage",
    meaning:
      "Each tab has its own token. It survives a reload, not the closing of the tab. Scripts can read it.",
    create: () => webStorageStore(key, sessionStorage),
  },
  {
    name: "memory",
    label: "Memory",
    meaning: "Nothing is stored. After a reload, the page gets a new token with its HttpOnly refresh cookie.",
    create: () => memoryStore(),
  },
];

/** The store that an address such as `?store=memory` names. default: localStorage */
export function storeNameIn(search: string): StoreName {
  const asked = new URLSearchParams(search).get("store");
  return storeChoices.find(({ name }) => name === asked)?.name ?? "local";
}

/** The same address with another store. */
export function searchWithStore(search: string, name: StoreName): string {
  const parameters = new URLSearchParams(search);
  parameters.set("store", name);
  return `?${parameters}`;
}
