import { type Lease, NO_LEASE } from "./lease.ts";
import type { LeaseDatabase } from "./lease-database.ts";

const leases = new Map<string, Lease>();
const listeners = new Map<string, Set<() => void>>();

/** Where there is no database for all tabs, the sessions of one page still take turns (B2, B22). */
export const pageLeases = {
  /** Answers at once, so that a refresh starts together with `connect()` (B1). */
  update(name: string, change: (lease: Lease) => Lease): Lease {
    const before = leases.get(name) ?? NO_LEASE;
    const lease = change(before);
    if (lease !== before) {
      leases.set(name, lease);
      queueMicrotask(() => {
        for (const listener of [...(listeners.get(name) ?? [])]) listener();
      });
    }
    return lease;
  },

  subscribe(name: string, listener: () => void): () => void {
    const own = () => listener();
    const all = listeners.get(name) ?? new Set();
    listeners.set(name, all.add(own));
    return () => {
      all.delete(own);
    };
  },

  hold: () => () => {},

  isLeft: () => false,
} satisfies LeaseDatabase;
