/**
 * Runs a transition function one event at a time: an event sent by a listener or an effect waits until the one before
 * it is done with (B11).
 */
export class Machine<State, Event, Effect> {
  state: State;
  readonly #transition: (state: State, event: Event) => readonly [State, ...Effect[]];
  readonly #done: (effects: Effect[], event: Event) => void;
  /** the event at work, then those that wait */
  readonly #queue: Event[] = [];

  constructor(
    initial: State,
    transition: (state: State, event: Event) => readonly [State, ...Effect[]],
    done: (effects: Effect[], event: Event) => void,
  ) {
    this.state = initial;
    this.#transition = transition;
    this.#done = done;
  }

  send(event: Event): void {
    const queue = this.#queue;
    if (queue.push(event) > 1) return;
    const failures: unknown[] = [];
    for (let next = queue[0]; next !== undefined; next = queue[0]) {
      const [state, ...effects] = this.#transition(this.state, next);
      const changed = state !== this.state || effects.length > 0;
      this.state = state;
      try {
        if (changed) this.#done(effects, next);
      } catch (error) {
        failures.push(error); // the events behind it must not wait for ever
      }
      queue.shift();
    }
    if (failures.length > 0) throw failures[0];
  }
}
