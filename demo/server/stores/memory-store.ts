import type { Change, Store } from "./store.ts";

/** How often expired entries are removed, in ms. */
const SWEEP_INTERVAL = 60_000;

/** The store of a server that runs in one process. */
export class MemoryStore implements Store {
  // As text, so that changing a value that was read does not change what is stored.
  readonly #entries = new Map<string, { text: string; expiresAt: number }>();
  #sweptAt = 0;

  async get<Value>(key: string): Promise<Value | undefined> {
    return this.#read<Value>(key);
  }

  async update<Value, Result>(
    key: string,
    change: (current: Value | undefined) => Change<Value, Result>,
  ): Promise<Result> {
    const { result, next } = change(this.#read<Value>(key));
    if (next) {
      const { value, lifetime = Number.POSITIVE_INFINITY } = next;
      this.#entries.set(key, { text: JSON.stringify(value), expiresAt: Date.now() + lifetime });
      this.#sweep();
    }
    return result;
  }

  async delete(key: string): Promise<void> {
    this.#entries.delete(key);
  }

  #read<Value>(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    return entry && entry.expiresAt > Date.now() ? (JSON.parse(entry.text) as Value) : undefined;
  }

  #sweep(): void {
    const now = Date.now();
    if (now - this.#sweptAt < SWEEP_INTERVAL) return;
    this.#sweptAt = now;
    for (const [key, { expiresAt }] of this.#entries) if (expiresAt <= now) this.#entries.delete(key);
  }
}
