import { expect, it } from "vitest";

/** States by their status and a name of their own; a status without a state is a type error. */
export type States<State extends { status: string }> = {
  [Status in State["status"]]: Record<string, Extract<State, { status: Status }>>;
};

/** "waiting" is each state of that status that has no entry of its own; "waiting.rejected" is the one. */
type Name<Table> = {
  [Status in keyof Table & string]: Status | `${Status}.${keyof Table[Status] & string}`;
}[keyof Table & string];

export interface Rule<Table, Event, Step> {
  event: Event;
  moves?: { readonly [From in Name<Table>]?: Step };
  /** Those that remain the very same object, with no effect. */
  stays: readonly Name<Table>[];
}

/** Sentences by the event that they are about; an event type without one is a type error. */
export type Rules<Table, Event extends { type: string }, Step> = {
  [Type in Event["type"]]: Record<string, Rule<Table, Extract<Event, { type: Type }>, Step>>;
};

/** One test a sentence, which fails unless it says of every state what the event makes of it. */
export function testTransitions<
  State extends { status: string },
  Event extends { type: string },
  Step extends readonly [State, ...string[]],
  Table extends States<State>,
>(transition: (state: State, event: Event) => Step, states: Table, rules: Rules<Table, Event, Step>): void {
  const sentences: [string, Rule<Table, Event, Step>][] = Object.values<
    Record<string, Rule<Table, Event, Step>>
  >(rules).flatMap((byTitle) => Object.entries(byTitle));

  it.each(sentences)("%s", (_, { event, moves = {}, stays }) => {
    const expected = new Map<string, unknown>(Object.entries(moves));
    for (const name of stays) expected.set(name, "stays");
    const named = new Set<string>();
    const steps = allOf<State>(states).map(([status, variant, state]) => {
      const name = [`${status}.${variant}`, status].find((each) => expected.has(each)) ?? "nothing said";
      named.add(name);
      const step = transition(state, event);
      const stayed = step[0] === state && step.length === 1;
      return [`${status}.${variant}`, stayed ? "stays" : step, expected.get(name) ?? name] as const;
    });
    const actual = Object.fromEntries(steps.map(([name, step]) => [name, step]));
    expect(actual).toEqual(Object.fromEntries(steps.map(([name, , step]) => [name, step])));
    expect([...expected.keys()].filter((name) => !named.has(name))).toEqual([]);
  });
}

/** Each state with its status and its name. */
export function allOf<State extends { status: string }>(states: States<State>): [string, string, State][] {
  return Object.entries<Record<string, State>>(states).flatMap(([status, variants]) =>
    Object.entries(variants).map(([name, state]): [string, string, State] => [status, name, state]),
  );
}
