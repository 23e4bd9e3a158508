import type { EventsMap } from "authsocket";

/** The names of the events of a map. */
export type EventName<Events extends EventsMap> = keyof Events & string;

/** What an event brings, the acknowledgement included where it asks for one. */
export type EventArguments<Events extends EventsMap, Event extends keyof Events> = Parameters<Events[Event]>;

/** The same, less the acknowledgement. */
export type EventData<Arguments extends unknown[]> = Arguments extends [
  ...infer Data,
  (...answer: never[]) => unknown,
]
  ? Data
  : Arguments;

export type Listener = (...args: never[]) => unknown;

/** Listeners by event, called in the order in which they came. */
export class Listeners {
  readonly #listeners = new Map<string, readonly Listener[]>();

  add(event: string, listener: Listener): void {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
  }

  /** @param listener default: all of that event */
  remove(event: string, listener?: Listener): void {
    const left = (this.#listeners.get(event) ?? []).filter((other) => listener && other !== listener);
    this.#listeners.set(event, left);
  }

  call(event: string, args: unknown[]): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(...(args as never[]));
  }
}
