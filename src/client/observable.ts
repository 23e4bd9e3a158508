import type { Reactions } from "./reactions.ts";

/** Something with an immutable state that can be read and subscribed to: an AuthSocket, an AuthSession. */
export interface Subscribable<State> {
  /** A new object for each change, the same object until then. */
  readonly state: State;
  /** The first state, always the same object: for `getServerSnapshot` and hydration. */
  readonly serverState: State;
  /** Calls the listener with each new state. Returns a function that ends it. */
  subscribe(listener: (state: State) => void): () => void;
}

/** A state and those who watch it. They hear of each state once, in its order. */
export class Observable<State extends object> {
  /** The state that was told last. */
  value: State;
  readonly initial: State;
  readonly #reactions: Reactions;
  readonly #listeners = new Set<(state: State) => void>();
  /** The state that was decided last. */
  #latest: State;

  constructor(initial: State, reactions: Reactions) {
    this.initial = this.value = this.#latest = Object.freeze(initial);
    this.#reactions = reactions;
  }

  /** Queues a new state, unless it says what the last one says. */
  next(state: State): void {
    if (isSame(this.#latest, state)) return;
    const next = Object.freeze(state);
    this.#latest = next;
    this.#reactions.tell(() => {
      this.value = next;
      this.#reactions.tellNow(
        [...this.#listeners].map((listener) => () => {
          if (this.#listeners.has(listener)) listener(next);
        }),
      );
    });
  }

  /** Runs the task when what has been decided has been told. */
  afterwards(task: () => void): void {
    this.#reactions.tell(task);
    this.#reactions.run();
  }

  subscribe(listener: (state: State) => void): () => void {
    const own = (state: State) => listener(state);
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
    };
  }

  clear(): void {
    this.#listeners.clear();
  }
}

function isSame(a: object, b: object): boolean {
  const [left, right] = [Object.entries(a), new Map(Object.entries(b))];
  return (
    left.length === right.size &&
    left.every(([key, value]) => right.has(key) && Object.is(right.get(key), value))
  );
}
