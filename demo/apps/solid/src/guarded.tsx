import { A, Navigate } from "@solidjs/router";
// A Svelte store is only `subscribe()`, which Solid's from() takes too.
import { session } from "authsocket/svelte";
import { createResource, createSignal, from, type ParentProps, Show } from "solid-js";
import { complaintOf, logout } from "../../api.ts";
import { auth } from "./auth.ts";

export function Guarded(props: ParentProps) {
  // Until it is known who is signed in: after a reload, the token is still to be asked for.
  const [known] = createResource(() => auth.session.whenReady());
  const user = from(session(auth.session));

  const [problem, setProblem] = createSignal("");

  async function signOut() {
    try {
      await logout();
      await auth.session.signOut();
    } catch (error) {
      setProblem(complaintOf(error));
    }
  }

  return (
    <Show when={known()} fallback={<p class="checking">Checking who is signed in…</p>}>
      <Show when={user()?.status !== "signedOut"} fallback={<Navigate href="/sign-in" />}>
        <header class="bar">
          <p class="brand">
            <span>AuthSocket</span> with Solid
          </p>
          <nav aria-label="Pages">
            <A href="/" end>
              Chat
            </A>
            <A href="/account">Account</A>
          </nav>
          <button type="button" class="plain" onClick={signOut}>
            Sign out
          </button>
        </header>
        <main>
          <Show when={problem()}>
            <p class="error" role="alert">
              {problem()}
            </p>
          </Show>
          {/* A new page for each user: what one has read and typed is not for the next. */}
          <Show when={user()?.subject} keyed>
            {props.children}
          </Show>
        </main>
      </Show>
    </Show>
  );
}
