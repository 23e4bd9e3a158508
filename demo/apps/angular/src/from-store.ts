import type { Signal } from "@angular/core";
import { toSignal } from "@angular/core/rxjs-interop";
import type { Readable } from "authsocket/svelte";
import { Observable } from "rxjs";

/**
 * A signal of a store's states, for as long as the component lives. A Svelte store is only `subscribe()`, which RxJS takes too, so
 * the app needs nothing of Svelte.
 */
export const fromStore = <State>(store: Readable<State>): Signal<State | undefined> =>
  toSignal(new Observable<State>((observer) => store.subscribe((state) => observer.next(state))));
