import { Component, inject } from "@angular/core";
import { Router, RouterOutlet } from "@angular/router";

@Component({
  selector: "app-root",
  imports: [RouterOutlet],
  template: `
    @if (!router.lastSuccessfulNavigation()) {
      <p class="checking">Checking who is signed in…</p>
    }
    <router-outlet />
  `,
})
export class AppComponent {
  readonly router = inject(Router);
}
