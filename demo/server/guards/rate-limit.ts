import type { Store } from "../stores/store.ts";

interface Window {
  count: number;
  /** ms since the epoch */
  until: number;
}

export interface RateLimitOptions {
  /** Tells one limit from another in the store. */
  name: string;
  /** How often, in each window. */
  limit: number;
  /** ms. default 60 000 */
  window?: number;
}

/** How often something may be done by one address, or to one account; on all nodes together. */
export class RateLimit {
  readonly #store: Store;
  readonly #options: Required<RateLimitOptions>;

  constructor(store: Store, { window = 60_000, ...options }: RateLimitOptions) {
    this.#store = store;
    this.#options = { window, ...options };
  }

  /** Counts one more. How long to wait where it was one too many, in ms; else 0. */
  take(key: string): Promise<number> {
    const now = Date.now();
    return this.#store.update<Window, number>(this.#key(key), (stored) => {
      const { count, until } =
        stored && stored.until > now ? stored : { count: 0, until: now + this.#options.window };
      if (count >= this.#options.limit) return { result: until - now };
      return { result: 0, next: { value: { count: count + 1, until }, lifetime: until - now } };
    });
  }

  /** Starts counting anew. */
  forget(key: string): Promise<void> {
    return this.#store.delete(this.#key(key));
  }

  #key(key: string): string {
    return `limit:${this.#options.name}:${key}`;
  }
}
