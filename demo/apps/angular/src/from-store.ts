import { DestroyRef, inject, type Signal, signal } from "@angular/core";
import type { Readable } from "authsocket/svelte";

/** A signal of a store's states, for as long as the component lives. */
export function fromStore<State>(store: Readable<State>): Signal<State | undefined> {
  const state = signal<State | undefined>(undefined);
  const stop = store.subscribe((next) => state.set(next));
  inject(DestroyRef).onDestroy(stop);
  return state.asReadonly();
}
