import { type Lease, NO_LEASE } from "./lease.ts";

/** Where all tabs of an origin keep their leases, by name. */
export interface LeaseDatabase {
  /**
   * Changes a lease in one transaction: `change` is called once, with no other tab between its look and its answer.
   *
   * @returns the lease as it is then; what follows in the same task comes before any other tab's change
   */
  update(name: string, change: (lease: Lease) => Lease): Lease | Promise<Lease>;
  /** Tells of changes by others. Returns a function that ends it. */
  subscribe(name: string, listener: () => void): () => void;
  /** Leaves word for other pages, should this one be left while it holds that turn. Returns a function that ends it. */
  hold(turn: string): () => void;
  /** Whether the page that holds that turn was left. */
  isLeft(turn: string): boolean;
}

const STORE = "leases";

/** ms after which a lease that nobody has changed is forgotten: a sign-in with a storage per tab leaves one behind. */
const FORGOTTEN_AFTER = 90 * 86_400_000;

/** In localStorage, since a page that is being left has no time for a transaction. */
const LEFT = "authsocket:left";

/**
 * IndexedDB orders tabs by transactions, on plain http too, and no tab can hold one that is frozen: neither is true of Web
 * Locks. Nothing is kept open in between, so that a page can go to the back/forward cache.
 */
export const indexedDbLeases: LeaseDatabase = {
  update: (name, change) =>
    new Promise((resolve, reject) => {
      const opening = indexedDB.open("authsocket", 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
      opening.onerror = () => reject(opening.error);
      opening.onsuccess = () => {
        const database = opening.result;
        const transaction = database.transaction(STORE, "readwrite");
        const leases = transaction.objectStore(STORE);
        const found = leases.get(name);
        found.onsuccess = () => {
          const before: Lease = found.result ?? NO_LEASE;
          const lease = change(before);
          if (!found.result && lease !== before) forgetOld(leases);
          if (lease === before) resolve(lease);
          // Resolved within the transaction: who goes on from here is still alone.
          else leases.put(lease, name).onsuccess = () => resolve(lease);
          transaction.oncomplete = () => {
            if (lease !== before) withChannel(name, (channel) => channel.postMessage(null))();
          };
        };
        transaction.onabort = () => reject(transaction.error);
        database.close();
      };
    }),

  subscribe(name, listener) {
    return withChannel(name, (channel) => {
      channel.onmessage = listener;
    });
  },

  hold(turn) {
    const left = () => {
      try {
        localStorage.setItem(LEFT, turn);
      } catch {
        // Others wait a little longer then.
      }
    };
    globalThis.window?.addEventListener?.("pagehide", left);
    return () => globalThis.window?.removeEventListener?.("pagehide", left);
  },

  isLeft(turn) {
    try {
      return localStorage.getItem(LEFT) === turn;
    } catch {
      return false;
    }
  },
};

function forgetOld(leases: IDBObjectStore): void {
  leases.openCursor().onsuccess = ({ target }) => {
    const cursor = (target as IDBRequest<IDBCursorWithValue | null>).result;
    if (!cursor) return;
    const { at = 0, holder } = cursor.value as Lease;
    // One whose turn is held is in use, though nothing may have been committed yet.
    if (!holder && at < Date.now() - FORGOTTEN_AFTER) cursor.delete();
    cursor.continue();
  };
}

/** @returns a function that ends it; a post is on its way by then */
function withChannel(name: string, use: (channel: BroadcastChannel) => void): () => void {
  try {
    const channel = new BroadcastChannel(`authsocket:${name}`);
    use(channel);
    return () => channel.close();
  } catch {
    return () => {}; // B9: without it, other tabs look on their own, when they refresh or come back to life
  }
}
