import { fingerprint } from "../token/fingerprint.ts";
import type { TokenSet } from "../token/token-set.ts";
import type { StoreReach, TokenStore } from "./token-store.ts";

/** What is known beside the raw token, under `key + ":meta"`. `of` is the fingerprint of that token. */
type Meta = Omit<TokenSet, "accessToken"> & { of?: number; signedOut?: true };

/** What is used of a `Storage`: its own type would need a DOM library. */
interface WebStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/**
 * A store over `localStorage` or `sessionStorage`. It holds the raw access token under `key`, as tutorials do, so that other
 * code can go on reading or writing it there. The refresh token, the expiry, the subject, the sign-in and a sign-out are
 * stored under `key + ":meta"`. If other code writes another token under `key`, they are ignored.
 *
 * @param key default "authToken"
 * @param storage default `localStorage`, looked up at the first use
 * @example new AuthSocket(url, { refresh, store: webStorageStore("jwt", sessionStorage) })
 */
export function webStorageStore(key = "authToken", storage?: WebStorage): TokenStore {
  const perTab = isPerTab(storage);
  const metaKey = `${key}:meta`;
  const area = () => storage ?? localStorage;
  const readMeta = (): Meta => {
    const text = area().getItem(metaKey);
    try {
      return Object(JSON.parse(text ?? ""));
    } catch {
      return {}; // half-written or somebody else's: the token alone is enough
    }
  };
  const writeMeta = (meta: Meta) => area().setItem(metaKey, JSON.stringify(meta));
  const store: TokenStore & { "~reach": StoreReach } = {
    "~reach": perTab ? { perTab } : { sharedKey: key, storage },
    load() {
      const accessToken = area().getItem(key);
      if (accessToken === null) return null;
      const { of, signedOut: _, ...known } = readMeta();
      return { ...(of === fingerprint(accessToken) && known), accessToken };
    },
    save({ accessToken, ...known }) {
      // Meta first: a reader between the two writes finds meta that does not match the token, and ignores it.
      const before = area().getItem(metaKey);
      writeMeta({ ...known, of: fingerprint(accessToken) });
      try {
        area().setItem(key, accessToken);
      } catch (error) {
        // B9: the token that is still there keeps its own meta, or it would look like one that somebody else has written.
        if (before === null) area().removeItem(metaKey);
        else area().setItem(metaKey, before);
        throw error;
      }
    },
    clear(signedOut) {
      area().removeItem(key);
      if (signedOut) writeMeta({ signedOut });
      else area().removeItem(metaKey);
    },
    signedOut: () => readMeta().signedOut === true,
  };
  // Each tab has a sessionStorage of its own: there is nothing to hear of others.
  if (perTab) return store;
  store.subscribe = (listener) => {
    const heard = (event: StorageEvent) => {
      if (event.key === null || event.key === key || event.key === metaKey) listener();
    };
    globalThis.window?.addEventListener?.("storage", heard);
    return () => globalThis.window?.removeEventListener?.("storage", heard);
  };
  return store;
}

function isPerTab(storage: WebStorage | undefined): true | undefined {
  try {
    return storage !== undefined && storage === globalThis.sessionStorage ? true : undefined;
  } catch {
    return undefined; // B9: if storage is denied, some browsers throw when it is accessed
  }
}
