import { Component, inject, signal } from "@angular/core";
import { Router } from "@angular/router";
import { complaintOf, login } from "../../api.ts";
import { auth } from "./auth.ts";

@Component({
  template: `
    <main>
      <form class="card sign-in" (submit)="signIn($event, username.value, password.value)">
        <h1>Sign in</h1>
        <label>Username <input #username autocomplete="username" required /></label>
        <label>Password <input #password type="password" autocomplete="current-password" required /></label>
        @if (problem()) {
          <p class="error" role="alert">{{ problem() }}</p>
        }
        <button type="submit">Sign in</button>
        <p class="quiet">Try alice with the password wonderland, or bob with builder.</p>
      </form>
    </main>
  `,
})
export class SignInPageComponent {
  readonly problem = signal("");
  readonly #router = inject(Router);

  async signIn(event: Event, username: string, password: string) {
    event.preventDefault();
    try {
      await auth.session.signIn(await login(username, password));
      await this.#router.navigateByUrl("/");
    } catch (error) {
      this.problem.set(complaintOf(error));
    }
  }
}
