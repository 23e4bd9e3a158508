import type { TokenSet } from "../core/token-set.ts";
import type { TokenStore } from "./token-store.ts";

/**
 * A store that forgets with the page: out of reach of other scripts' storage access, and gone after a reload, where an
 * HttpOnly refresh cookie brings a new token.
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
