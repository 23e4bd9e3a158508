import type { AuthSession } from "authsocket";
import type { Session } from "../../src/client/session/session.ts";
import { holdToken } from "../support/token-holder.ts";
import type { Journal } from "./journal.ts";
import type { Tab } from "./tab.ts";

/** A second session of the page's user, under the same name: it is needed all the time, as by an HTTP client (B2). */
export class Sibling {
  readonly tab: Tab;
  readonly #make: (sibling: Sibling) => AuthSession;
  readonly #journal: Journal;
  session: AuthSession;

  constructor(tab: Tab, journal: Journal, make: (sibling: Sibling) => AuthSession) {
    this.tab = tab;
    this.#journal = journal;
    this.#make = make;
    this.session = this.#begin();
  }

  /** As `Page.remake`. */
  remake(): void {
    this.session.dispose();
    this.session = this.#begin();
  }

  /** Its access token, good or not. */
  get token(): string | undefined {
    return (this.session["~session"] as Session).currentToken;
  }

  #begin(): AuthSession {
    const session = this.#make(this);
    session.subscribe(({ status }) => this.#journal.note(this.tab.name, () => `sibling ${status}`));
    holdToken(session);
    return session;
  }
}
