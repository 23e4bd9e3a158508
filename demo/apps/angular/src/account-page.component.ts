import { Component, DestroyRef, inject, signal } from "@angular/core";
import type { Profile } from "../../../socket-events.ts";
import { followProfile } from "../../profile.ts";
import { auth } from "./auth.ts";
import { ConnectionPillComponent } from "./connection-pill.component.ts";

@Component({
  imports: [ConnectionPillComponent],
  host: { class: "page" },
  template: `
    <div class="heading">
      <h1>Account</h1>
      <app-connection-pill />
    </div>
    <dl class="card facts">
      <dt>Name</dt>
      <dd>{{ profile()?.username ?? "…" }}</dd>
      <dt>Address</dt>
      <dd>{{ profile()?.email ?? "…" }}</dd>
      <dt>Role</dt>
      <dd>{{ profile()?.role ?? "…" }}</dd>
    </dl>
  `,
})
export class AccountPageComponent {
  readonly profile = signal<Profile | undefined>(undefined);

  constructor() {
    const stop = followProfile(auth, (profile) => this.profile.set(profile));
    inject(DestroyRef).onDestroy(stop);
  }
}
