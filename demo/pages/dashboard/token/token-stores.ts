import { memoryStore, type TokenStore, webStorageStore } from "authsocket";

export type StoreName = "local" | "session" | "memory";

/** A place where the token may lie, and what that means for the user. */
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
      "One token for all tabs, still there after the browser was closed. Any script on this page could read it.",
    create: () => webStorageStore(key),
  },
  {
    name: "session",
    label: "sessionStorage",
    meaning: "A token for each tab: it survives a reload and goes with the tab. Scripts could read it.",
    create: () => webStorageStore(key, sessionStorage),
  },
  {
    name: "memory",
    label: "Memory",
    meaning: "Nothing lies anywhere. After a reload the HttpOnly refresh cookie brings a new token.",
    create: () => memoryStore(),
  },
];

/** The store that an address like `?store=memory` asks for; localStorage unless it names another. */
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
