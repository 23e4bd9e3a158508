import { useState } from "react";
import { useNavigate } from "react-router";
import { complaintOf, login } from "../../api.ts";
import { auth } from "./auth.ts";

export function SignInPage() {
  const navigate = useNavigate();
  const [problem, setProblem] = useState("");

  async function signIn(form: FormData) {
    try {
      await auth.session.signIn(await login(String(form.get("username")), String(form.get("password"))));
      await navigate("/");
    } catch (error) {
      setProblem(complaintOf(error));
    }
  }

  return (
    <main>
      <form className="card sign-in" action={signIn}>
        <h1>Sign in</h1>
        <label>
          Username
          <input name="username" autoComplete="username" required />
        </label>
        <label>
          Password
          <input name="password" type="password" autoComplete="current-password" required />
        </label>
        {problem && (
          <p className="error" role="alert">
            {problem}
          </p>
        )}
        <button type="submit">Sign in</button>
        <p className="quiet">Try alice with the password wonderland, or bob with builder.</p>
      </form>
    </main>
  );
}
