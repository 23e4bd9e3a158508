import { connection } from "authsocket/svelte";
import { from } from "solid-js";
import { auth } from "./auth.ts";

/** Connects while it is on the page, as every component does that reads the connection. */
export function ConnectionPill() {
  const state = from(connection(auth));
  return (
    <span class="pill" role="status" data-status={state()?.status}>
      {state()?.status}
    </span>
  );
}
