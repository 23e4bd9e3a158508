import { type Lease, NO_LEASE } from "../../src/client/lease/lease.ts";
import type { LeaseDatabase } from "../../src/client/lease/lease-database.ts";

/** A board for the tabs of a test: every transaction is over at once, and everybody hears of every change. */
export class SharedBoard implements LeaseDatabase {
  lease: Lease = NO_LEASE;
  /** Whether it answers. */
  isWorking = true;
  /** The turn whose page was left. */
  left: string | undefined;
  readonly #listeners = new Set<() => void>();

  update(_: string, change: (lease: Lease) => Lease): Promise<Lease> {
    if (!this.isWorking) return new Promise(() => {});
    const before = this.lease;
    this.lease = change(before);
    if (this.lease !== before) queueMicrotask(() => this.tell());
    return Promise.resolve(this.lease);
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

  isLeft(turn: string): boolean {
    return this.left === turn;
  }

  /** Tells of a change. */
  tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
