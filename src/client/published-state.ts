/**
 * An immutable state that others watch: a new object for each change, the same one until then, so that
 * `useSyncExternalStore` and its like can compare by identity.
 */
export class PublishedState<State extends object> {
  value: State;
  /** None until somebody listens. */
  #listeners: Set<(state: State) => void> | undefined;

  constructor(value: State) {
    this.value = Object.freeze(value);
  }

  publish(state: State): void {
    if (isSame(this.value, state)) return;
    this.value = Object.freeze(state);
    for (const listener of [...(this.#listeners ?? [])]) {
      try {
        listener(state);
      } catch (error) {
        // As anywhere in the DOM: the page's error handler hears of it, the other listeners do not.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  /** @returns its undo */
  subscribe(listener: (state: State) => void): () => void {
    const own = (state: State) => listener(state);
    this.#listeners ??= new Set();
    this.#listeners.add(own);
    return () => {
      this.#listeners?.delete(own);
    };
  }

  clear(): void {
    this.#listeners?.clear();
  }
}

function isSame(a: object, b: object): boolean {
  const [left, right] = [Object.entries(a), new Map(Object.entries(b))];
  return (
    left.length === right.size &&
    left.every(([key, value]) => right.has(key) && Object.is(right.get(key), value))
  );
}
