/**
 * Runs a transition function. An event decides the state at once, so that whoever asks finds it; what follows from it waits
 * until what follows from the events before it is done, so that no listener is called within another (B11).
 */
export class Machine<State, Event, Effect> {
  state: State;
  readonly #transition: (state: State, event: Event) => readonly [State, ...Effect[]];
  readonly #done: (effects: Effect[], event: Event) => void;
  /** what is at work, then what waits */
  readonly #queue: { effects: Effect[]; event: Event }[] = [];

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
    const [state, ...effects] = this.#transition(this.state, event);
    const changed = state !== this.state || effects.length > 0;
    this.state = state;
    if (changed && this.#queue.push({ effects, event }) === 1) this.#drain();
  }

  #drain(): void {
    const queue = this.#queue;
    const failures: unknown[] = [];
    for (let next = queue[0]; next; next = queue[0]) {
      try {
        this.#done(next.effects, next.event);
      } catch (error) {
        failures.push(error); // the events behind it must not wait for ever
      }
      queue.shift();
    }
    if (failures.length > 0) throw failures[0];
  }
}
