import { Component, computed } from "@angular/core";
import { connection } from "authsocket/svelte";
import { connectionWords } from "../../connection-words.ts";
import { auth } from "./auth.ts";
import { fromStore } from "./from-store.ts";

/** Connects while it is on the page, as every component does that reads the connection. */
@Component({
  selector: "app-connection-pill",
  template: `<span class="pill" role="status" [attr.data-status]="status()">{{ words[status()] }}</span>`,
})
export class ConnectionPillComponent {
  readonly words = connectionWords;
  readonly #state = fromStore(connection(auth));
  readonly status = computed(() => this.#state()?.status ?? auth.state.status);
}
