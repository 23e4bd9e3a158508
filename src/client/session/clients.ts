import type { Platform } from "../platform/platform.ts";
import { wallClockTimer } from "../platform/wall-clock-timer.ts";
import type { Reactions } from "../reactions.ts";

/** Why a connection wants to be kept informed: it needs a token, or only to hear when the page comes back to life. */
export type Demand = "token" | "wakeUp" | "nothing";

/** A connection that a session feeds. Each method only decides; what follows is queued in the session's reactions. */
export interface SessionClient {
  /** The token that the server keeps the connection open for; undefined while not connected, and for a guest. */
  readonly connectedWith: string | undefined;
  readonly demand: Demand;
  /**
   * B16: gives up what is the previous user's, at once, before any of the app's code runs.
   *
   * @param wasSignedIn whether that user had a token, or was only a guest's next
   */
  drop(wasSignedIn: boolean): void;
  /** B10: somebody has signed out before it was known who: gives up what has not been sent. */
  discard(): void;
  /** The session has changed. */
  follow(): void;
  /** B23: somebody has signed in, perhaps with the tokens that are already there. */
  signedIn(): void;
  wokeUp(): void;
}

/** What the clients need of their session. */
export interface ClientsOwner {
  readonly platform: Platform;
  readonly reactions: Reactions;
  /** A timer has rung. */
  rang(): void;
  wokeUp(isOnline: boolean): void;
}

/** The connections of a session. Timers and wake-up events are set only while one of them needs it (B4). */
export class Clients {
  readonly #owner: ClientsOwner;
  readonly #setTimer: (at: number | undefined) => void;
  #members: readonly SessionClient[] = [];
  #stopWaking: (() => void) | undefined;

  constructor(owner: ClientsOwner) {
    this.#owner = owner;
    this.#setTimer = wallClockTimer(owner.platform, () => owner.rang());
  }

  join(client: SessionClient): void {
    this.#members = [...this.#members, client];
  }

  leave(client: SessionClient): void {
    this.#members = this.#members.filter((other) => other !== client);
  }

  get needToken(): boolean {
    return this.#need("token");
  }

  #need(what: Demand): boolean {
    return this.#members.some(({ demand }) => demand === what);
  }

  /** Whether a server keeps a connection open for that token. */
  isServing(token: string): boolean {
    return this.#members.some(({ connectedWith }) => connectedWith === token);
  }

  /** Now, and not when its turn comes: what the app emits from here on is the next user's. */
  drop(wasSignedIn: boolean): void {
    for (const client of this.#members) client.drop(wasSignedIn);
  }

  /** Now, likewise. */
  discard(): void {
    for (const client of this.#members) client.discard();
  }

  /** Queues a reaction of each. */
  react(reaction: (client: SessionClient) => void): void {
    for (const client of this.#members) this.#owner.reactions.react(() => reaction(client));
  }

  /** News that no decision brings: what they do about it follows at once, or in its turn. */
  tell(news: (client: SessionClient) => void): void {
    this.react(news);
    this.#owner.reactions.run();
  }

  /**
   * @param isWanted whether a token is
   * @param dueAt when the session wants to be looked at then
   */
  watch(isWanted: boolean, dueAt: number | undefined): void {
    this.#setTimer(isWanted ? dueAt : undefined);
    if (isWanted || this.#need("wakeUp"))
      this.#stopWaking ??= this.#owner.platform.onWakeUp((isOnline) => this.#owner.wokeUp(isOnline));
    else {
      this.#stopWaking?.();
      this.#stopWaking = undefined;
    }
  }

  /** The session has ended. An open connection stays, and whoever still waits for a token is told. */
  dismiss(): void {
    this.react((client) => {
      if (client.connectedWith === undefined) client.follow();
    });
    this.#members = [];
  }
}
