import type { Store } from "../stores/store.ts";

interface Window {
  count: number;
  /** ms since the epoch */
  until: number;
}

export interface RateLimitOptions {
  /** Distinguishes this limit from others in the store. */
  name: string;
  /** How many times in each window. */
  limit: number;
  /** ms. default 60 000 */
  window?: number;
}

/** Limits how often one address may do something, or how often it may be done to one account. All nodes count together. */
export class RateLimit {
  readonly #store: Store;
  readonly #options: Required<RateLimitOptions>;

  constructor(store: Store, { window = 60_000, ...options }: RateLimitOptions) {
    this.#store = store;
    this.#options = { window, ...options };
  }

  /** Counts one attempt. Answers 0 if it is allowed, else how long to wait, in ms. */
  take(key: string): Promise<number> {
    const now = Date.now();
    return this.#store.update<Window, number>(this.#key(key), (stored) => {
      const { count, until } =
        stored && stored.until > now ? stored : { count: 0, until: now + this.#options.window };
      if (count >= this.#options.limit) return { result: until - now };
      return { result: 0, next: { value: { count: count + 1, until }, lifetime: until - now } };
    });
  }

  /** Starts counting again from 0. */
  forget(key: string): Promise<void> {
    return this.#store.delete(this.#key(key));
  }

  #key(key: string): string {
    return `limit:${this.#options.name}:${key}`;
  }
}
