import { Component, signal } from "@angular/core";
import type { Profile } from "../../../socket-events.ts";
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
    // An answer that cannot come any more is of no use to anybody who has left the page.
    auth.socket.emitWithAck("whoami").then(
      (profile) => this.profile.set(profile),
      () => {},
    );
  }
}
