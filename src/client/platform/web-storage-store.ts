import { fingerprint } from "../core/fingerprint.ts";
import type { TokenSet } from "../core/token-set.ts";
import type { TokenStore } from "./token-store.ts";

/** What is known beside the raw token, under `key + ":meta"`. */
type Meta = Omit<TokenSet, "accessToken"> & { of?: number; signedOut?: true };

/**
 * A store over `localStorage` or `sessionStorage` that holds the raw access token under `key`, as tutorials do, so that
 * code which reads or writes it there keeps working. What else is known (expiry by this clock, refresh token, subject, a
 * sign-out) lies under `key + ":meta"`, bound to that very token.
 *
 * @param key default "authToken"
 * @param storage default `localStorage`, looked up at the first use
 * @example new AuthSocket(url, { refresh, store: webStorageStore("jwt", sessionStorage) })
 */
export function webStorageStore(key = "authToken", storage?: Storage): TokenStore {
  const metaKey = `${key}:meta`;
  const area = () => storage ?? localStorage;

  const store: TokenStore = {
    load() {
      const accessToken = area().getItem(key);
      if (accessToken === null) return null;
      const { of, signedOut: _, ...known } = readMeta(area().getItem(metaKey));
      return { ...(of === fingerprint(accessToken) && known), accessToken };
    },
    save({ accessToken, ...known }) {
      // Meta first: whoever reads between the two writes finds meta that does not match, and ignores it.
      area().setItem(metaKey, JSON.stringify({ ...known, of: fingerprint(accessToken) } satisfies Meta));
      area().setItem(key, accessToken);
    },
    clear(signedOut) {
      area().removeItem(key);
      if (signedOut) area().setItem(metaKey, JSON.stringify({ signedOut } satisfies Meta));
      else area().removeItem(metaKey);
    },
    signedOut: () => readMeta(area().getItem(metaKey)).signedOut === true,
  };
  // Each tab has a sessionStorage of its own: there is nothing to hear of others.
  if (storage && storage === globalThis.sessionStorage) return store;
  store.subscribe = (listener) => {
    const heard = (event: StorageEvent) => {
      if (event.key === null || event.key === key || event.key === metaKey) listener();
    };
    globalThis.window?.addEventListener("storage", heard);
    return () => globalThis.window?.removeEventListener("storage", heard);
  };
  return store;
}

function readMeta(text: string | null): Meta {
  try {
    return Object(JSON.parse(text ?? ""));
  } catch {
    return {}; // half-written or somebody else's: the token alone is enough
  }
}
