import { Component, DestroyRef, inject, signal } from "@angular/core";
import { connection } from "authsocket/svelte";
import type { ChatLine } from "../../../socket-events.ts";
import { auth } from "./auth.ts";
import { ConnectionPillComponent } from "./connection-pill.component.ts";
import { fromStore } from "./from-store.ts";

@Component({
  imports: [ConnectionPillComponent],
  host: { class: "page" },
  template: `
    <div class="heading">
      <h1>Chat</h1>
      @if (pillIsShown()) {
        <app-connection-pill />
      }
      <button type="button" class="plain" (click)="pillIsShown.set(!pillIsShown())">
        {{ pillIsShown() ? "Hide the connection" : "Show the connection" }}
      </button>
    </div>
    <div class="log" role="log" aria-label="Conversation">
      <ol class="lines">
        @for (line of lines(); track line.id) {
          <li [class.mine]="said.has(line.id)">
            <small>{{ line.from }}</small>{{ line.text }}
          </li>
        }
      </ol>
    </div>
    @if (problem()) {
      <p class="error" role="alert">{{ problem() }}</p>
    }
    <form class="say" (submit)="say($event, message)">
      <input #message aria-label="Message" placeholder="Say something" autocomplete="off" required />
      <button type="submit" [disabled]="state()?.status === 'refused'">Send</button>
    </form>
  `,
})
export class ChatPageComponent {
  readonly state = fromStore(connection(auth));
  /** The ids of the lines that this page has said. */
  readonly said = new Set<string>();
  readonly lines = signal<ChatLine[]>([]);
  readonly pillIsShown = signal(true);
  readonly problem = signal("");

  constructor() {
    const add = (line: ChatLine) => this.lines.update((lines) => [...lines, line]);
    auth.socket.on("chat", add);
    inject(DestroyRef).onDestroy(() => auth.socket.off("chat", add));
  }

  async say(event: Event, message: HTMLInputElement) {
    event.preventDefault();
    const line = { id: crypto.randomUUID(), text: message.value };
    message.value = "";
    this.said.add(line.id);
    try {
      const answer = await auth.socket.emitWithAck("chat", line);
      this.problem.set(answer.ok ? "" : answer.error);
    } catch {
      this.problem.set(`"${line.text}" may not have been sent.`);
    }
  }
}
