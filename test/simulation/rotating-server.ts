import { trueTime } from "./computer.ts";
import type { Journal } from "./journal.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Settings, User } from "./settings.ts";

/** What stands in each token, so that one is found wherever it should not be (S1). */
export const SECRET = "SECRET";

/** Everything that one sign-in has brought forth. */
interface Family {
  user: User;
  current: string;
  isDead: boolean;
}

export interface Answer {
  status: number;
  body: { token?: string; refreshToken?: string };
  /** null: the cookie is removed */
  cookie?: string | null;
  /** the order in which the server has answered */
  issued: number;
}

export interface AccessClaims {
  sub: User;
  exp: number;
}

/** A refresh endpoint whose tokens are good for one use: a second one ends the session, as a theft would show. */
export class RotatingServer {
  /** A used refresh token came in again, when there was no bearing with it any more. */
  onReuse: () => void = () => {};
  readonly #families = new Set<Family>();
  /** Every refresh token ever issued: whose it is, and when it was used. */
  readonly #issued = new Map<string, { family: Family; usedAt?: number }>();
  readonly #scheduler: Scheduler;
  readonly #settings: Settings;
  readonly #journal: Journal;
  #count = 0;

  constructor(scheduler: Scheduler, settings: Settings, journal: Journal) {
    this.#scheduler = scheduler;
    this.#settings = settings;
    this.#journal = journal;
  }

  /** @param replaced the refresh token of whom this browser was signed in as before */
  login(user: User, replaced?: string): Answer {
    const left = this.#issued.get(replaced ?? "")?.family;
    if (left) left.isDead = true;
    const family = { user, current: "", isDead: false };
    this.#families.add(family);
    return this.#grant(family);
  }

  logout(refreshToken: string | undefined): Answer {
    const family = this.#issued.get(refreshToken ?? "")?.family;
    if (family) family.isDead = true;
    return { status: 204, body: {}, cookie: null, issued: ++this.#count };
  }

  refresh(refreshToken: string | undefined): Answer {
    const refused: Answer = { status: 401, body: {}, issued: ++this.#count };
    const issued = this.#issued.get(refreshToken ?? "");
    if (!issued || issued.family.isDead) return refused;
    const { family, usedAt } = issued;
    if (usedAt !== undefined) {
      if (this.#scheduler.time - usedAt <= this.#settings.grace) return this.#answer(family);
      family.isDead = true;
      this.#journal.note("server", () => `a used refresh token of ${family.user}'s: her session is over`);
      this.onReuse();
      return refused;
    }
    issued.usedAt = this.#scheduler.time;
    return this.#grant(family);
  }

  #grant(family: Family): Answer {
    family.current = `${SECRET}-r${++this.#count}`;
    this.#issued.set(family.current, { family });
    return this.#answer(family);
  }

  #answer({ user, current }: Family): Answer {
    const token = this.#accessToken(user);
    const issued = ++this.#count;
    return this.#settings.keeping === "held"
      ? { status: 200, body: { token, refreshToken: current }, issued }
      : { status: 200, body: { token }, cookie: current, issued };
  }

  #accessToken(sub: User): string {
    const iat = trueTime(this.#scheduler) / 1000;
    const exp = iat + this.#settings.lifetime / 1000;
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    return `${part({ alg: "none" })}.${part({ sub, iat, exp })}.${SECRET}${++this.#count}`;
  }
}

export function readAccessToken(token: unknown): AccessClaims | undefined {
  if (typeof token !== "string" || !token.includes(SECRET)) return undefined;
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
}
