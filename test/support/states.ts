/** An AuthSocket or an AuthSession. */
interface Stateful<State> {
  readonly state: State;
  subscribe(listener: (state: State) => void): () => void;
}

/** The first state, this one or a coming one, that the condition holds for. Bounded by the test's own timeout. */
export function until<State extends { status: string }, Wanted extends State>(
  subject: Stateful<State>,
  condition: (state: State) => state is Wanted,
): Promise<Wanted>;
export function until<State extends { status: string }>(
  subject: Stateful<State>,
  condition: (state: State) => boolean,
): Promise<State>;
export function until<State extends { status: string }>(
  subject: Stateful<State>,
  condition: (state: State) => boolean,
): Promise<State> {
  return new Promise((resolve) => {
    const look = (state: State) => {
      if (!condition(state)) return;
      unsubscribe();
      resolve(state);
    };
    const unsubscribe = subject.subscribe(look);
    look(subject.state);
  });
}

/** The first state with that status. */
export function untilStatus<State extends { status: string }, Status extends State["status"]>(
  subject: Stateful<State>,
  status: Status,
): Promise<Extract<State, { status: Status }>> {
  return until(subject, (state): state is Extract<State, { status: Status }> => state.status === status);
}

/** The statuses from now on, the present one first; a status that only changed its details counts once. */
export function recordStatuses(subject: Stateful<{ status: string }>): string[] {
  const statuses: string[] = [subject.state.status];
  subject.subscribe(({ status }) => {
    if (statuses.at(-1) !== status) statuses.push(status);
  });
  return statuses;
}
