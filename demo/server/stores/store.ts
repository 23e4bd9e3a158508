/** A value, and how long the store keeps it. */
export interface Entry<Value> {
  value: Value;
  /** ms. default: for ever */
  lifetime?: number;
}

/** The result of a change, and the new entry. Without `next`, the entry stays as it is. */
export interface Change<Value, Result> {
  result: Result;
  next?: Entry<Value>;
}

/**
 * Keeps data that outlives a connection, under a key: a Map in one process, Redis for several. The type of a value is the
 * reader's claim: nothing checks it.
 *
 * Each method rejects with a StoreError when the store cannot be reached.
 */
export interface Store {
  get<Value>(key: string): Promise<Value | undefined>;
  /** Reads and writes in one step: of two simultaneous changes, the second sees the result of the first. */
  update<Value, Result>(
    key: string,
    change: (current: Value | undefined) => Change<Value, Result>,
  ): Promise<Result>;
  delete(key: string): Promise<void>;
}

/** The store cannot be reached at the moment. */
export class StoreError extends Error {
  override readonly name = "StoreError";
}
