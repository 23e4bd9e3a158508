/** Who carries out what a machine decides. */
export interface MachineOwner<Event, Effect> {
  done(effects: Effect[], event: Event): void;
}

/**
 * Runs a transition function. An event decides the state at once, so that whoever asks finds it; what follows from it waits
 * until what follows from the events before it is done, so that no listener is called within another (B11).
 */
export class Machine<State, Event, Effect> {
  state: State;
  readonly #transition: (state: State, event: Event) => readonly [State, ...Effect[]];
  readonly #owner: MachineOwner<Event, Effect>;
  /** what is at work, then what waits; undefined at rest */
  #queue: { effects: Effect[]; event: Event }[] | undefined;

  constructor(
    initial: State,
    transition: (state: State, event: Event) => readonly [State, ...Effect[]],
    owner: MachineOwner<Event, Effect>,
  ) {
    this.state = initial;
    this.#transition = transition;
    this.#owner = owner;
  }

  send(event: Event): void {
    const [state, ...effects] = this.#transition(this.state, event);
    const changed = state !== this.state || effects.length > 0;
    this.state = state;
    if (!changed) return;
    const step = { effects, event };
    if (this.#queue) {
      this.#queue.push(step);
      return;
    }
    this.#queue = [step];
    const failures: unknown[] = [];
    for (const { effects, event } of this.#queue) {
      try {
        this.#owner.done(effects, event);
      } catch (error) {
        failures.push(error); // the events behind it must not wait for ever
      }
    }
    this.#queue = undefined;
    if (failures.length > 0) throw failures[0];
  }
}
