// A Svelte store is only `subscribe()`, which Solid's from() takes too.
import { connection } from "authsocket/svelte";
import { from } from "solid-js";
import { connectionWords } from "../../connection-words.ts";
import { auth } from "./auth.ts";

/** Connects while it is on the page, as every component does that reads the connection. */
export function ConnectionPill() {
  const state = from(connection(auth), auth.state);
  return (
    <span class="pill" role="status" data-status={state().status}>
      {connectionWords[state().status]}
    </span>
  );
}
