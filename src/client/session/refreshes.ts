import { AuthSocketError } from "../errors.ts";
import type { Reactions } from "../reactions.ts";
import { backoff } from "../refresh/backoff.ts";
import type { RefreshOutcome } from "../refresh/outcome.ts";
import type { RefreshReason } from "../refresh/refresh.ts";
import type { SafeStore, Settling } from "../store/safe-store.ts";
import { LATE } from "../tabs/refresh-lock.ts";
import {
  type AccessToken,
  inherited,
  isDue,
  isExpired,
  type Origin,
  sameLife,
} from "../token/access-token.ts";
import { fingerprint } from "../token/fingerprint.ts";
import type { TokenSet } from "../token/token-set.ts";
import { drawnAt, nextUser, successor } from "../token/user.ts";
import { askAgainAt, type Doubt, doubted, isCertain } from "./doubt.ts";
import type { AuthSessionOptions } from "./options.ts";
import {
  type Asked,
  type AttemptEnd,
  type AttemptOwner,
  type AttemptSession,
  RefreshAttempt,
} from "./refresh-attempt.ts";
import { type Allowance, RefreshBudget } from "./refresh-budget.ts";
import { isAnswerable, type State, tokenOf } from "./session-state.ts";
import type { SourceNews } from "./source-news.ts";
import type { Supply } from "./supply.ts";
import type { Announcement } from "./tab-group.ts";
import type { Waiters } from "./waiters.ts";

/** What an asker gets whose token was refused. */
export type Replacement =
  /** there is another token already, or none at all: look at the session */
  { status: "look" } | { status: "refreshing" } | Exclude<Allowance, { status: "now" }>;

/** What the refreshes need of their session. */
export interface RefreshesOwner extends AttemptSession {
  readonly reactions: Reactions;
  readonly options: AuthSessionOptions;
  readonly state: State;
  readonly isDisposed: boolean;
  readonly news: SourceNews;
  /** The one way to change the state. */
  decide(next: State, ...effects: (() => void)[]): void;
  /** Reads what was brought. @param at when, in ms since the epoch; default: now */
  received(tokens: TokenSet, origin: Origin, at?: number): AccessToken;
  /** Whether that user has signed out, whose token a source still holds; undefined: whether somebody has. */
  hasLeft(subject: string | undefined): boolean;
  announcing(announcement: Announcement): Settling | undefined;
  /** Sets the timers anew. */
  watch(): void;
}

/** B5: how many ms before a wait began the clock must stand to have been put back. Less is rounding. */
const PUT_BACK = 1_000;

/** ms within which the network's return makes it try again at once one time only. */
const RETURN_REST = 10_000;

/** ms over which clients are spread that a server has told to come back at one time. */
const RETRY_SPREAD = 1_000;

/** ms after a token's end within which an identity SDK may still hand it out. */
const SDK_LAG = 10_000;

/** Who asks for a refresh because of the news of another tab. */
const TABS = {};

/** When a session refreshes, and what comes of it: grants, failures, doubts and the end (B6, B7, B22, B27). */
export class Refreshes implements AttemptOwner {
  readonly supply: Supply;
  readonly #owner: RefreshesOwner;
  readonly #store: SafeStore;
  readonly #waiters: Waiters;
  readonly budget = new RefreshBudget();
  readonly spent = new Set<number>();
  /** Those of which something is under way, the overtaken ones, too. */
  readonly #underWay = new Set<RefreshAttempt>();
  /** Settles when nothing of those that were overtaken last is under way any more. */
  ending: Promise<unknown> | undefined;
  /** Until when the network's return does not make it try again, in ms since the epoch. */
  #restsUntil = 0;

  constructor(owner: RefreshesOwner, supply: Supply, store: SafeStore, waiters: Waiters) {
    this.#owner = owner;
    this.supply = supply;
    this.#store = store;
    this.#waiters = waiters;
  }

  get #state(): State {
    return this.#owner.state;
  }

  // What servers and other tabs say.

  /**
   * A server has refused a token, or cut a connection made with it. Whether that costs a refresh is decided here, for all
   * who ask (B7, B8, B27). The session itself goes on.
   */
  replace(asker: object, token: string): Replacement {
    const state = this.#state;
    const current = tokenOf(state);
    const now = this.#owner.platform.now();
    if (this.#owner.isDisposed || current?.accessToken !== token) {
      // What is refused after a sign-out says nothing of the next sign-in's tokens.
      if (state.status !== "signedOut") this.budget.askedLate(asker, token, now);
      return { status: "look" };
    }
    if (state.status === "signedIn") {
      if (current.spent) return { status: "spent" };
      const allowance = this.budget.allowance(asker, current, now);
      if (allowance.status !== "now") return allowance;
    }
    this.budget.asked(asker, token, now);
    this.#need("rejected");
    return { status: "refreshing" };
  }

  /** B14: the server has ended a connection at the end of its token, which this clock may not have reached yet. */
  lapsed(token: string): void {
    if (!this.#owner.isDisposed && tokenOf(this.#state)?.accessToken === token) this.#need("expired");
  }

  /** A refresh that is under way is for this too, and the token is not handed out meanwhile. */
  #need(reason: "rejected" | "expired"): void {
    const state = this.#state;
    if (state.status === "signedIn") this.refresh(reason);
    else if (isAnswerable(state)) this.#owner.decide({ ...state, reason } as State);
  }

  /** Another tab says that somebody has signed in, perhaps another user: refreshes to find out, within the budget (B27). */
  askForTabs(state: State & { status: "signedIn" }): void {
    const allowance = this.budget.allowance(TABS, state.token, this.#owner.platform.now());
    if (allowance.status === "later") {
      const renewAt = Math.min(allowance.at, state.token.renewAt ?? allowance.at);
      this.#owner.decide({ ...state, token: { ...state.token, renewAt } });
    } else this.refresh("forced");
  }

  /** The network is back. Returns in how many ms to try: one that comes and goes tries once in ten seconds (B27). */
  returned(): number {
    const now = this.#owner.platform.now();
    const rest = this.#restsUntil - now;
    // B5: a clock that was put back makes it no longer.
    if (rest > 0 && rest <= RETURN_REST) return rest;
    this.#restsUntil = now + RETURN_REST;
    return 0;
  }

  /** When to try again after so many failures (B6). */
  retryAt(failures: number): number {
    const { platform, options } = this.#owner;
    return platform.now() + backoff(failures, platform.random(), options.retry);
  }

  /** B6: a time that a server has named, to all alike, is spread over a second. */
  retryAfter(ms: number, failures: number): number {
    const { now, random } = this.#owner.platform;
    return Math.max(now() + ms + (ms > 0 ? random() * RETRY_SPREAD : 0), this.retryAt(failures));
  }

  // Deciding.

  /** Somebody needs a token, a timer has rung, or the page has come back to life. */
  look(force = false, isOnline = false): void {
    if (this.#owner.isDisposed) return;
    const state = this.#state;
    const now = this.#owner.platform.now();
    switch (state.status) {
      case "unknown":
        this.refresh("missing");
        break;
      case "signedIn": {
        const { token } = state;
        if (token.spent) {
          if (isExpired(token, now)) this.#end(orphaned(), token);
          else if (force) this.#refuseFresh();
        } else if (isExpired(token, now)) this.refresh("expired");
        else if (force) this.refresh("forced");
        else if (isDue(token, now)) this.refresh("expiring");
        break;
      }
      case "waiting": {
        if (state.late) break; // its answer may still come (B22)
        if (now < state.retryAt && now >= state.since - PUT_BACK) {
          if (!isOnline) break;
          const retryAt = now + this.returned();
          if (retryAt > now) {
            if (retryAt < state.retryAt) this.#owner.decide({ ...state, retryAt });
            break;
          }
        }
        const { token, reason, failures, doubt } = state;
        const worse = reason === "expiring" && token && isExpired(token, now) ? "expired" : reason;
        this.refresh(worse, failures, doubt);
        break;
      }
      case "loading":
      case "signedOut":
      case "refreshing":
        break;
      default:
        state satisfies never;
    }
    this.#owner.watch();
  }

  refresh(reason: RefreshReason, failures = 0, doubt?: Doubt): void {
    const { user } = this.#state;
    const token = tokenOf(this.#state);
    const attempt = new RefreshAttempt(this.#owner, this, {
      user,
      token,
      reason,
      isLook: this.supply.isLook(token, reason),
    });
    this.#underWay.add(attempt);
    void attempt.over.then(() => this.#underWay.delete(attempt));
    this.#owner.decide({ status: "refreshing", user, token, reason, attempt, failures, doubt }, () =>
      attempt.start(),
    );
  }

  /**
   * What is decided takes the place of the refreshes that are under way. A request that was sent is seen to its end (B22): where
   * the user stays, or another tab has signed out and in meanwhile, it may bring the cookie of the next one. One that was sent
   * before another user's sign-in, or in its millisecond, would bring the previous user's cookie, and is aborted (B16).
   *
   * A sign-out here aborts them all (B10).
   *
   * @param next the token that comes instead, where it is another user's; "nobody": a sign-out here
   */
  overtake(next?: AccessToken | "nobody"): void {
    const isPreviousUsers = next && !(next !== "nobody" && this.supply.askedAt > drawnAt(next.signInId));
    const ends = [...this.#underWay].map((attempt) => {
      if (isPreviousUsers) attempt.cancel();
      else attempt.abandon();
      return attempt.over;
    });
    this.ending = Promise.all(ends);
  }

  /** The refresh whose request may be under way. */
  get attempt(): RefreshAttempt | undefined {
    const state = this.#state;
    return state.status === "refreshing"
      ? state.attempt
      : state.status === "waiting"
        ? state.late
        : undefined;
  }

  ended(attempt: RefreshAttempt, end: AttemptEnd): void {
    const state = this.#state;
    const now = this.#owner.platform.now();
    if (end.type === "granted" || end.type === "adopted") {
      this.#granted(attempt, end);
      return;
    }
    const { asked } = attempt;
    // An SDK may tell of what it was made to bring before it answers (B27).
    const isTold = end.type === "preempted" && this.supply.isSource && this.attempt !== attempt;
    if (isTold && !asked.isLook && asked.reason !== "missing") this.budget.refreshed(now);
    // B22: what a session that was disposed of is given is kept; it asks for nothing again.
    if (!("reason" in state) || this.attempt !== attempt || this.#owner.isDisposed) return;
    const { user, token, reason } = state;
    switch (end.type) {
      case "late":
        this.#fail(state, end.error, now + LATE, attempt);
        break;
      case "preempted":
        this.refresh(reason, state.failures, state.doubt);
        break;
      case "failed": {
        this.#fail(state, end.error, this.retryAfter(end.retryAfter, state.failures));
        break;
      }
      case "denied":
        // B27: an app may sign in by itself whenever a session has ended.
        if (asked.token && !asked.isLook) this.budget.refreshed(now);
        this.#denied(state, end, now);
        break;
      case "spent":
        if (!token || isExpired(token, now)) this.#end(orphaned(), token);
        else {
          this.#refuseFresh();
          this.#owner.decide({ status: "signedIn", user, token: { ...token, spent: true } });
        }
        break;
      default:
        end satisfies never;
    }
  }

  #granted(
    attempt: RefreshAttempt,
    end: AttemptEnd & { type: "granted" | "adopted"; at?: number | undefined },
  ): void {
    const state = this.#state;
    const { asked } = attempt;
    // B10: a sign-out beats it, and what one user's request has brought is not the next one's (B16).
    if (state.status === "signedOut" || state.user.id !== asked.user.id) return;
    const now = this.#owner.platform.now();
    const { token: before } = asked;
    const { isSource } = this.supply;
    const isOld = end.type === "adopted" || asked.isLook;
    const origin = isOld ? "held" : "received";
    const received = inherited(before, this.#owner.received(end.tokens, origin, end.at));
    // What the source holds is what was refused, or has expired, since it was asked.
    const isStale = asked.isLook && received.accessToken === before?.accessToken && !this.#owner.isDisposed;
    if (isStale && "reason" in state && this.attempt === attempt && state.reason !== asked.reason) {
      this.refresh(state.reason);
      return;
    }
    if (this.#owner.hasLeft(received.subject)) {
      this.#owner.decide({ status: "signedOut", user: successor(state.user) });
      return;
    }
    const sent = before?.refreshToken;
    if (sent !== undefined && received.refreshToken !== sent) this.spent.add(fingerprint(sent));
    if (end.type === "granted") {
      // The first token of all replaces none, and a look refreshes none.
      if (asked.reason !== "missing" && !asked.isLook) this.budget.refreshed(now);
      if (end.turn) this.#owner.tabs.handOver(end.turn, sent, received);
      this.#restsUntil = 0; // the network is back for good
    } else this.budget.forget(); // it has not been asked for: what was refused may be that very token
    // While its turn was given back, another one may have begun, for a token that came from elsewhere.
    if (this.attempt !== attempt) {
      // It has been here before, by the news of a source, and may have been refused since.
      if (received.accessToken === tokenOf(this.#state)?.accessToken) return;
      this.overtake();
    }
    const isGoodStill =
      asked.reason === "expiring" ||
      asked.reason === "forced" ||
      (isSource && !endsByAnotherClock(before, now));
    const token = isGoodStill ? sameLife(before, received, now) : received;
    const user = nextUser(state.user, token);
    const isNews = isSource && before && end.type === "granted" && user.id !== state.user.id;
    this.#owner.decide(
      { status: "signedIn", user, token },
      this.#store.save(token, isNews ? this.#owner.announcing({ signedOut: false, token }) : undefined),
    );
  }

  /** B6: certain, or not yet. */
  #denied(
    state: State & { status: "refreshing" | "waiting" },
    { error, certainty, retryAfter }: RefreshOutcome & { type: "denied" },
    now: number,
  ): void {
    const { token } = state;
    // Who never had a token has lost nothing.
    if (!token || token.assumed) {
      this.#end(undefined, token);
      return;
    }
    const doubt = doubted(state.doubt, certainty, now);
    if (isCertain(doubt, token.refreshToken !== undefined, now)) {
      this.#end(error, token);
      return;
    }
    if (certainty === "transient") {
      this.#fail(state, error, this.retryAfter(retryAfter, state.failures));
      return;
    }
    const retryAt = askAgainAt(doubt, now, this.retryAt(state.failures), this.#owner.options.retry?.base);
    // Not `session_expired`: an app would show a sign-in form to somebody who is signed in.
    const { message, cause } = error;
    const failure = new AuthSocketError("refresh_failed", message, { cause });
    this.#fail({ ...state, doubt }, failure, retryAt, undefined, certainty === "repeatable");
  }

  #fail(
    state: State & { status: "refreshing" | "waiting" },
    error: AuthSocketError,
    retryAt: number,
    late?: RefreshAttempt,
    isInsistent = false,
  ): void {
    const { user, token, reason, doubt } = state;
    const since = this.#owner.platform.now();
    // 2.4: somebody has signed out here, and the SDK cannot say yet whether another user has come.
    if (!token && !late && this.#owner.hasLeft(undefined)) {
      this.#end(error, token);
      this.#owner.news.askIn(retryAt - since);
      return;
    }
    const failures = state.failures + (state.status === "waiting" ? 0 : 1);
    // B6: what is asked once more before long is waited for.
    if (!isInsistent) this.#waiters.answer(({ wants }) => (wants === "ready" ? undefined : error));
    this.#owner.decide({
      status: "waiting",
      user,
      token,
      reason,
      failures,
      doubt,
      since,
      retryAt,
      error,
      late,
      isInsistent,
    });
  }

  #end(error: AuthSocketError | undefined, token: AccessToken | undefined): void {
    const { user } = this.#state;
    // B27: what was refused of a session that is over says nothing of the same user's next one.
    this.budget.forget();
    this.#owner.decide({ status: "signedOut", user, error }, () => {
      // Unless another tab has put a newer one there.
      if (token) this.#owner.tabs.unlessBehind(token, () => this.#store.clear(token)());
    });
  }

  /** B6: there is no other token to come. */
  #refuseFresh(): void {
    this.#waiters.answer(({ wants }) => (wants === "fresh" ? orphaned() : undefined));
    this.#owner.reactions.run();
  }

  // What a refresh needs of its session.

  held(asked: Asked, signal: AbortSignal): Promise<TokenSet | undefined> | undefined {
    if (!this.supply.isSource || !asked.token || asked.isLook) return undefined;
    return this.supply.held(asked, signal).then(
      (tokens) => {
        const token = tokens && this.#owner.received(tokens, "held");
        if (!token || isExpired(token, this.#owner.platform.now())) return undefined;
        // B5: it may have been refreshed long ago.
        return { ...tokens, expiresAt: token.expiresAt };
      },
      () => undefined,
    );
  }

  stillHolds({ token, user }: Asked, done: (holds: boolean) => void): void {
    if (this.#state.user.id !== user.id || this.#state.status === "signedOut") {
      done(false);
      return;
    }
    this.#store.peek((found) => {
      if (typeof found === "object") {
        const { accessToken, refreshToken } = found.tokens;
        const isSame = refreshToken !== undefined && refreshToken === token?.refreshToken;
        done(accessToken === token?.accessToken || isSame);
        return;
      }
      // B10: another session has signed out. Who has signed out of a source is asked as its answer is there.
      const isLeft = found === "signedOut" && !this.supply.isSource;
      // An emptied store is no sign-out: what is in memory decides then, which a session that was disposed of has no more.
      const isEmptied = found === "nothing" && this.#owner.isDisposed;
      done(!isLeft && !isEmptied && tokenOf(this.#state)?.accessToken === token?.accessToken);
    });
  }
}

/**
 * B5: whether an identity SDK's token ends by another clock than this one: it was over when it was seen first, or is handed
 * out a second time long after its end.
 */
function endsByAnotherClock(token: AccessToken | undefined, now: number): boolean {
  if (!token) return false;
  const { knownSince = now, renewAt = 0, expiresAt = now } = token;
  const isSecondTime = renewAt > expiresAt;
  return isExpired(token, isSecondTime ? Math.max(knownSince, now - SDK_LAG) : knownSince);
}

function orphaned(): AuthSocketError {
  return new AuthSocketError(
    "session_expired",
    "this tab is signed out: another tab has used its refresh token",
  );
}
