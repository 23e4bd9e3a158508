import { Component, effect, inject, signal } from "@angular/core";
import { Router, RouterLink, RouterLinkActive, RouterOutlet } from "@angular/router";
import { session } from "authsocket/svelte";
import { complaintOf, logout } from "../../api.ts";
import { auth } from "./auth.ts";
import { fromStore } from "./from-store.ts";

@Component({
  imports: [RouterLink, RouterLinkActive, RouterOutlet],
  template: `
    <header class="bar">
      <p class="brand"><span>AuthSocket</span> with Angular</p>
      <nav aria-label="Pages">
        <a
          routerLink="/"
          routerLinkActive
          ariaCurrentWhenActive="page"
          [routerLinkActiveOptions]="{ exact: true }"
        >Chat</a>
        <a routerLink="/account" routerLinkActive ariaCurrentWhenActive="page">Account</a>
      </nav>
      <button type="button" class="plain" (click)="signOut()">Sign out</button>
    </header>
    <main>
      @if (problem()) {
        <p class="error" role="alert">{{ problem() }}</p>
      }
      <!-- A new page for each user: what one has read and typed is not for the next. -->
      @for (state of [user()]; track state?.subject) {
        <router-outlet />
      }
    </main>
  `,
})
export class GuardedComponent {
  readonly user = fromStore(session(auth.session));
  readonly problem = signal("");

  constructor() {
    const router = inject(Router);
    // Also where another tab has signed out, or the session has ended.
    effect(() => {
      if (this.user()?.status === "signedOut") void router.navigateByUrl("/sign-in");
    });
  }

  async signOut() {
    try {
      await logout();
      await auth.session.signOut();
    } catch (error) {
      this.problem.set(complaintOf(error));
    }
  }
}
