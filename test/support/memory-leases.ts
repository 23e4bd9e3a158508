import { type Lease, NO_LEASE } from "../../src/client/lease/lease.ts";
import type { LeaseDatabase } from "../../src/client/lease/lease-database.ts";

/** The leases of one origin, for the tabs of a test: a transaction is over at once, and all tabs hear of each change. */
export class MemoryLeases implements LeaseDatabase {
  /** Whether it answers. */
  isWorking = true;
  readonly #leases = new Map<string, Lease>();
  readonly #listeners = new Set<() => void>();
  #last: Promise<unknown> = Promise.resolve();

  of(name: string): Lease {
    return this.#leases.get(name) ?? NO_LEASE;
  }

  /** Another tab has changed a lease, and the news of it is lost. */
  change(name: string, fields: Partial<Lease>): void {
    this.#leases.set(name, { ...this.of(name), ...fields });
  }

  update(name: string, change: (lease: Lease) => Lease): Promise<Lease> {
    if (!this.isWorking) return new Promise(() => {});
    // The next one begins when what follows from this one has been done.
    const transaction = this.#last.then(() => {
      const before = this.of(name);
      const lease = change(before);
      this.#leases.set(name, lease);
      if (lease !== before) queueMicrotask(() => this.tell());
      return lease;
    });
    this.#last = transaction;
    return transaction;
  }

  subscribe(_: string, listener: () => void): () => void {
    const own = () => listener();
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
    };
  }

  hold(): () => void {
    return () => {};
  }

  isLeft(): boolean {
    return false;
  }

  /** Tells all tabs of a change. */
  tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
