import type { TokenSet } from "authsocket";
import { Accounts } from "../../src/testing/accounts.ts";
import { trueTime } from "./computer.ts";
import type { Journal } from "./journal.ts";
import type { Scheduler } from "./scheduler.ts";
import { holdsRefreshToken, type Settings, type User } from "./settings.ts";

/** What stands in each token, so that one is found wherever it should not be (S1). */
export const SECRET = "SECRET";

export interface Answer {
  status: number;
  body: { token?: string; refreshToken?: string; expiresIn?: number };
  /** null: the cookie is removed */
  cookie?: string | null;
  /** the order in which the server has answered */
  issued: number;
}

/** A refresh endpoint, whose answers bring the refresh token in a cookie or in their body. */
export class RotatingServer {
  /** A used refresh token came in again, when there was no bearing with it any more. */
  onReuse: () => void = () => {};
  readonly accounts: Accounts;
  readonly #settings: Settings;
  #answers = 0;

  constructor(scheduler: Scheduler, settings: Settings, journal: Journal) {
    this.#settings = settings;
    this.accounts = new Accounts({
      clock: { now: () => trueTime(scheduler) },
      grace: settings.grace,
      mark: SECRET,
      isOpaque: settings.telling !== "claims",
      reused: ({ subject }) => {
        journal.note("server", () => `a used refresh token of ${subject}'s: her session is over`);
        this.onReuse();
      },
    });
  }

  /** @param replaced the refresh token of whom this browser was signed in as before */
  login(user: User, replaced?: string): Answer {
    this.#end(replaced);
    return this.#answer(this.accounts.issue({ subject: user, lifetime: this.#settings.lifetime }).tokens);
  }

  logout(refreshToken: string | undefined): Answer {
    this.#end(refreshToken);
    return { status: 204, body: {}, cookie: null, issued: ++this.#answers };
  }

  refresh(refreshToken: string | undefined): Answer {
    const tokens = this.accounts.refresh(refreshToken);
    return tokens ? this.#answer(tokens) : { status: 401, body: {}, issued: ++this.#answers };
  }

  #end(refreshToken: string | undefined): void {
    const signIn = this.accounts.owner(refreshToken);
    if (signIn) signIn.isOver = true;
  }

  #answer({ accessToken: token, refreshToken = "" }: TokenSet): Answer {
    const { keeping, telling, lifetime } = this.#settings;
    const issued = ++this.#answers;
    const told = { token, ...(telling === "expiresIn" && { expiresIn: lifetime / 1_000 }) };
    return holdsRefreshToken(keeping)
      ? { status: 200, body: { ...told, refreshToken }, issued }
      : { status: 200, body: told, cookie: refreshToken, issued };
  }
}
