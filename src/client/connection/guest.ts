import type { Session } from "../session/session.ts";
import type { TokenView } from "../session/session-state.ts";
import type { Credential } from "./connection-state.ts";

/** What the session has for a connection, or that it goes without (B21). */
export type View = Exclude<TokenView, { status: "ready" }> | { status: "ready"; credential: Credential };

/** Whom a socket connects as: the session's user or, with `anonymous`, a guest while nobody is signed in (B21). */
export class Guest {
  readonly #session: Session;
  readonly #isAllowed: boolean;
  /** Socket.IO's `retries` is on */
  readonly #hasQueue: boolean;
  #role: "guest" | "user" | undefined;
  /** Until when a token is waited for before connecting as a guest. */
  #waitsUntil: number | undefined;
  #isRefused = false;

  constructor(session: Session, isAllowed: boolean, hasQueue: boolean) {
    this.#session = session;
    this.#isAllowed = isAllowed;
    this.#hasQueue = hasQueue;
    this.follow();
  }

  /** Whose what the app emits is. */
  get role(): "guest" | "user" | undefined {
    return this.#role;
  }

  get isRefused(): boolean {
    return this.#isRefused;
  }

  get #now(): number {
    return this.#session.platform.now();
  }

  /** T6: the queue of `retries` cannot be emptied, so a Socket that has been a user's is no guest's again (B16). */
  get #mayBe(): boolean {
    return this.#isAllowed && !(this.#hasQueue && this.#role === "user");
  }

  get view(): View {
    const { view, currentToken } = this.#session;
    if (view.status === "ready") return { status: "ready", credential: view.token };
    if (!this.#mayBe || this.#isRefused) return view;
    const isPastWaiting = this.#waitsUntil !== undefined && this.#now >= this.#waitsUntil;
    return view.status === "signedOut" || (currentToken === undefined && isPastWaiting)
      ? { status: "ready", credential: "guest" }
      : view;
  }

  /** When it is no longer waited for a token; undefined where that is over, or has not begun. */
  get dueAt(): number | undefined {
    return this.#waitsUntil !== undefined && this.#now < this.#waitsUntil ? this.#waitsUntil : undefined;
  }

  /** The session has changed. */
  follow(): void {
    const wasUser = this.#role === "user";
    this.#role = this.#mayBe && this.#session.currentToken === undefined ? "guest" : "user";
    if (this.#role === "user") this.#isRefused = false;
    else if (wasUser) this.#wait();
  }

  /** The app connects: whoever was refused tries again. */
  asked(): void {
    // Nobody may have connected for long. What is not known yet is waited for anew.
    const isUnknown = /^(unknown|refreshing)$/.test(this.#session.state.status);
    const isOver = this.#waitsUntil === undefined || (isUnknown && this.dueAt === undefined);
    if (this.#isAllowed && isOver) this.#wait();
    this.#isRefused = false;
  }

  #wait(): void {
    this.#waitsUntil = this.#now + this.#session.refreshTimeout;
  }

  /** The server takes no guests: it waits for a sign-in. */
  refused(): void {
    this.#isRefused = true;
  }
}
