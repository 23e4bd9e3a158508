import { Component } from "@angular/core";
import { connection } from "authsocket/svelte";
import { auth } from "./auth.ts";
import { fromStore } from "./from-store.ts";

/** Connects while it is on the page, as every component does that reads the connection. */
@Component({
  selector: "app-connection-pill",
  template: `<span class="pill" role="status" [attr.data-status]="state()?.status">{{ state()?.status }}</span>`,
})
export class ConnectionPillComponent {
  readonly state = fromStore(connection(auth));
}
