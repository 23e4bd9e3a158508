/**
 * Runs a transition function one event at a time: an event sent by a listener or an effect waits until the one before
 * it is done with (B11).
 */
export class Machine<State, Event, Effect> {
  state: State;
  readonly #transition: (state: State, event: Event) => readonly [State, ...Effect[]];
  readonly #done: (previous: State, effects: Effect[], event: Event) => void;
  /** the event at work, then those that wait */
  readonly #queue: Event[] = [];

  constructor(
    initial: State,
    transition: (state: State, event: Event) => readonly [State, ...Effect[]],
    done: (previous: State, effects: Effect[], event: Event) => void,
  ) {
    this.state = initial;
    this.#transition = transition;
    this.#done = done;
  }

  send(event: Event): void {
    const queue = this.#queue;
    if (queue.push(event) > 1) return;
    for (let next = queue[0]; next !== undefined; next = queue[0]) {
      const previous = this.state;
      const [state, ...effects] = this.#transition(previous, next);
      this.state = state;
      try {
        if (state !== previous || effects.length > 0) this.#done(previous, effects, next);
      } finally {
        queue.shift();
      }
    }
  }
}
