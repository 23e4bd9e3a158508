import type { TokenSet } from "../token/token-set.ts";
import type { TokenStore } from "./token-store.ts";

/**
 * A store in the page's memory. Scripts that read the storage do not find the tokens there. After a reload it is empty, and
 * an HttpOnly refresh cookie brings a new token.
 *
 * @param tokens what it holds at first
 * @example new AuthSocket(url, { refresh, store: memoryStore() })
 */
export function memoryStore(tokens?: TokenSet): TokenStore {
  let held = tokens ?? null;
  let left = false;
  return {
    load: () => held,
    save: (next) => {
      held = next;
      left = false;
    },
    clear: (signedOut = false) => {
      held = null;
      left = signedOut;
    },
    signedOut: () => left,
  };
}
