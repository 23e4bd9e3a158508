import { useNavigate } from "@solidjs/router";
import { createSignal, Show } from "solid-js";
import { complaintOf, login } from "../../api.ts";
import { auth } from "./auth.ts";

export function SignInPage() {
  const navigate = useNavigate();
  const [problem, setProblem] = createSignal("");

  async function signIn(event: SubmitEvent & { currentTarget: HTMLFormElement }) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    try {
      await auth.session.signIn(await login(String(form.get("username")), String(form.get("password"))));
      navigate("/");
    } catch (error) {
      setProblem(complaintOf(error));
    }
  }

  return (
    <main>
      <form class="card sign-in" onSubmit={signIn}>
        <h1>Sign in</h1>
        <label>
          Username
          <input name="username" autocomplete="username" required />
        </label>
        <label>
          Password
          <input name="password" type="password" autocomplete="current-password" required />
        </label>
        <Show when={problem()}>
          <p class="error" role="alert">
            {problem()}
          </p>
        </Show>
        <button type="submit">Sign in</button>
        <p class="quiet">Try alice with the password wonderland, or bob with builder.</p>
      </form>
    </main>
  );
}
