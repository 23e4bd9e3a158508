/** A value and how long it is kept. */
export interface Entry<Value> {
  value: Value;
  /** ms. Default: for ever. */
  lifetime?: number;
}

/** What a change came to, and what is kept from now on; without `next` all stays as it was. */
export interface Change<Value, Result> {
  result: Result;
  next?: Entry<Value>;
}

/**
 * What has to outlive a connection: plain data under a key. In one process it is a Map, for several it is Redis. Whoever
 * reads a key says what was put there.
 *
 * Each method rejects with a StoreError where the store cannot be reached.
 */
export interface Store {
  get<Value>(key: string): Promise<Value | undefined>;
  /** Reads and writes in one step: of two changes at once, the second sees what the first has written. */
  update<Value, Result>(
    key: string,
    change: (current: Value | undefined) => Change<Value, Result>,
  ): Promise<Result>;
  delete(key: string): Promise<void>;
}

/** The store cannot be reached: nobody's fault who asks, and over in a while. */
export class StoreError extends Error {
  override readonly name = "StoreError";
}
