import { refuseAborted } from "../abort.ts";
import { AuthSocketError } from "../errors.ts";
import { andThen, answerOnce } from "../platform/deadline.ts";
import { freezeSafeTimeout } from "../platform/freeze-safe-timeout.ts";
import type { Platform } from "../platform/platform.ts";
import { type RefreshOutcome, readAnswer, readFailure } from "../refresh/outcome.ts";
import { type Beginning, LATE, type Turn } from "../tabs/refresh-lock.ts";
import { fingerprint } from "../token/fingerprint.ts";
import type { TokenSet } from "../token/token-set.ts";
import type { User } from "../token/user.ts";
import type { Question, Supply } from "./supply.ts";
import type { TabGroup } from "./tab-group.ts";
import { nextRenewal } from "./token-reader.ts";

/** T24: ms for the token of another tab to be seen in a store that tabs share. */
const NEWS_TIMEOUT = 1_000;

/** ms for which another tab's refresh of the cookie answers a refusal, too (B27). */
const RECENT = 10_000;

/** What is asked for, as it was decided. */
export interface Asked extends Question {
  readonly user: User;
}

/** What an attempt came to. */
export type AttemptEnd =
  /** tokens to use and to store */
  | { type: "granted"; tokens: TokenSet; turn?: Turn }
  /** tokens that another session or tab has got, and when, in ms since the epoch; default: now */
  | { type: "adopted"; tokens: TokenSet; at?: number | undefined }
  | (RefreshOutcome & { type: "denied" | "failed" })
  /** the request goes on, and may still be answered */
  | { type: "late"; error: AuthSocketError }
  /** what it brought must not be kept: another turn was answered, or somebody signed in or out */
  | { type: "preempted" }
  /** the refresh token has been used by another tab; it was not sent (B6) */
  | { type: "spent" };

/** What an attempt needs of its session. */
export interface AttemptSession {
  readonly platform: Platform;
  readonly tabs: TabGroup;
  /** ms */
  readonly refreshTimeout: number;
  readonly isCookie: boolean;
  /** Whether other tabs read and write the store too. */
  readonly isShared: boolean;
  /** Looks into the store. What is new there overtakes the attempt. */
  read(done?: () => void): void;
}

/** Who has decided on an attempt. */
export interface AttemptOwner {
  /** What is asked: the endpoint, the function or the source. */
  readonly supply: Supply;
  /** The refresh tokens that have been used up: this session has seen their successors. */
  readonly spent: Set<number>;
  /** What a source holds already, so that it need not refresh; undefined for all others. */
  held(asked: Asked, signal: AbortSignal): Promise<TokenSet | undefined> | undefined;
  /** Whether the store still holds what the attempt began with. */
  stillHolds(asked: Asked, done: (holds: boolean) => void): void;
  /** Called with what it came to; after `late` once more. */
  ended(attempt: RefreshAttempt, end: AttemptEnd): void;
}

/*
 * One refresh (B2, B9, B10).
 *
 *   decided ── start ──▶ queueing ── its turn ──▶ sent ── answered ──▶ over
 *                           │                      └── refreshTimeout ──▶ late ── answered, or 30 s ──▶ over
 *                           └── cancel ──▶ over        cancel: from everywhere ──▶ over
 */
export class RefreshAttempt {
  readonly asked: Asked;
  /** Settles when nothing of it is under way any more. */
  readonly over: Promise<void>;
  readonly #session: AttemptSession;
  readonly #owner: AttemptOwner;
  #status: "decided" | "queueing" | "sent" | "late" | "over" = "decided";
  #turn: Turn | undefined;
  #since = 0;
  #stopWaiting = () => {};
  #abort = () => {};
  #settle = () => {};

  constructor(session: AttemptSession, owner: AttemptOwner, asked: Asked) {
    this.#session = session;
    this.#owner = owner;
    this.asked = asked;
    this.over = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  start(): void {
    if (this.#status !== "decided") return;
    this.#status = "queueing";
    this.#since = this.#session.platform.now();
    const { tabs, isCookie } = this.#session;
    const { token, isLook } = this.asked;
    // A look takes no turns.
    const name = isLook ? undefined : tabs.leaseName(token);
    // A cookie's refreshes have no tokens that tabs could compare.
    const replaced = isCookie ? undefined : token?.accessToken;
    this.#turn = tabs.lock.take(name, replaced, (turn, at) => this.#begin(turn, at));
  }

  /** Nobody wants its answer any more (B10). */
  cancel(): void {
    if (this.#status === "over") return;
    const isSent = this.#status === "sent" || this.#status === "late";
    this.#status = "over";
    this.#stopWaiting();
    this.#turn?.release();
    this.#abort();
    // What a source says is stored nowhere, and one that does not hear of it is not waited for.
    if (!isSent || this.#owner.supply.isSource) this.#settle();
  }

  /** Something else takes its place: what has been sent is seen to its end (B22), what has not is not sent. */
  abandon(): void {
    if (this.#status === "decided" || this.#status === "queueing") this.cancel();
  }

  #begin(turn: Turn, at: Beginning): void {
    if (this.#status !== "queueing") return;
    const { platform, isCookie, tabs, isShared } = this.#session;
    const { token, reason } = this.asked;
    this.#turn = turn;
    // Whoever has used its refresh token has a newer one, whenever that was (B5, B6).
    const behind = at.behind || this.#isSpent(at);
    const taken = at.behind && tabs.takeOver(turn, token, this.#since);
    const send = () => this.#send(turn, at);
    // What is refused was refused with a cookie that had been refreshed long ago, and who forces wants a new one.
    const isRecent = /^exp/.test(reason) || platform.now() - Number(at.committedAt) < RECENT;
    if (taken) this.#adopt(turn, taken);
    else if (
      isCookie &&
      at.behind &&
      at.committedAt &&
      isRecent &&
      reason !== "missing" &&
      !this.#asksWho(at)
    )
      this.#adopt(
        turn,
        {
          accessToken: nextRenewal(),
          expiresAt: token?.lifetime && at.committedAt + token.lifetime,
        },
        at.committedAt,
      );
    else if (!behind || !isShared) this.#look(send);
    else {
      // T24: what another tab has stored may not be seen here yet. What is seen of it in time overtakes this attempt.
      this.#stopWaiting = freezeSafeTimeout(platform, NEWS_TIMEOUT, () =>
        turn.confirm((held) => {
          // B3, B16: meanwhile another tab may have begun, or somebody signed in, whose cookie must not be used up.
          if (held) this.#look(send);
          else this.#release(turn, { type: "preempted" });
        }),
      );
      this.#look(() => {});
    }
  }

  /** The tabs share the session that another one has just refreshed (B2), unless it is to be found out whose it is (B16). */
  #asksWho(at: Beginning): boolean {
    return !this.#session.tabs.isNamed || (at.isOthers && this.asked.token?.subject !== undefined);
  }

  #look(then: () => void): void {
    this.#session.read(() => {
      if (this.#status === "queueing") then();
    });
  }

  #adopt(turn: Turn, tokens: TokenSet, at?: number): void {
    this.#release(turn, { type: "adopted", tokens, at });
  }

  #release(turn: Turn, end: AttemptEnd): void {
    if (this.#status === "over") return;
    turn.release();
    this.#end(end);
  }

  #isSpent(at: Beginning): boolean {
    const { refreshToken } = this.asked.token ?? {};
    return (
      refreshToken !== undefined &&
      (at.isSpent(refreshToken) || this.#owner.spent.has(fingerprint(refreshToken)))
    );
  }

  #send(turn: Turn, at: Beginning): void {
    if (this.#isSpent(at)) {
      this.#release(turn, { type: "spent" });
      return;
    }
    this.#status = "sent";
    const { platform, refreshTimeout, isCookie } = this.#session;
    const { asked } = this;
    const controller = new AbortController();
    this.#abort = () => controller.abort();
    let stopTimeout = freezeSafeTimeout(platform, refreshTimeout, () => {
      if (this.#status !== "sent") {
        this.#settle();
        return;
      }
      this.#status = "late";
      turn.late();
      stopTimeout = freezeSafeTimeout(platform, LATE, () => {
        controller.abort();
        ignore();
        this.#release(turn, { type: "failed", error: this.#timeout(), retryAfter: 0 });
        this.#settle();
      });
      this.#owner.ended(this, { type: "late", error: this.#timeout() });
    });
    const done = (outcome: RefreshOutcome) => {
      stopTimeout();
      if (this.#status === "over") this.#settle();
      else this.#arrive(turn, outcome);
    };
    const ignore = answerOnce<RefreshOutcome>(
      () =>
        andThen(this.#owner.held(asked, controller.signal), (held) => {
          if (held) return { type: "granted", tokens: held };
          refuseAborted(controller.signal); // somebody has signed out, or in, meanwhile
          return andThen<unknown, RefreshOutcome>(
            this.#owner.supply.ask(asked, controller.signal),
            (answer) => readAnswer(isCookie ? cookieTokens(answer, nextRenewal()) : answer),
          );
        }),
      done,
      (error) => done(readFailure(error, platform.now())),
    );
  }

  #timeout(): AuthSocketError {
    return new AuthSocketError(
      "refresh_timeout",
      `the refresh took longer than ${this.#session.refreshTimeout} ms ("refreshTimeout")`,
    );
  }

  #arrive(turn: Turn, outcome: RefreshOutcome): void {
    if (outcome.type === "granted") this.#keep(turn, outcome.tokens);
    else if (outcome.type === "denied") {
      // B3: another tab may have used the refresh token, and its token is adopted before giving up.
      turn.release((held) => {
        this.#session.read(() => this.#end(held ? outcome : { type: "preempted" }));
      });
    } else this.#release(turn, outcome);
  }

  /** B22: kept if the store, the other tabs and the user are still as they were. */
  #keep(turn: Turn, tokens: TokenSet): void {
    const { asked } = this;
    const { tabs } = this.#session;
    this.#owner.stillHolds(asked, (holds) => {
      if (this.#status === "over") this.#settle();
      else if (!holds) this.#release(turn, { type: "preempted" });
      else {
        const sent = asked.token?.refreshToken;
        const isRotated = tokens.refreshToken !== undefined && tokens.refreshToken !== sent;
        const brought = {
          token: tokens.accessToken,
          signIn: asked.token?.signInId,
          spent: isRotated ? sent : undefined,
        };
        // Another tab's commit is no news to one that has its tokens to itself.
        const isOwn = tabs.isPrivate(asked.token);
        turn.commit(brought, (kept) =>
          this.#end(kept || isOwn ? { type: "granted", tokens, turn } : { type: "preempted" }),
        );
      }
    });
  }

  #end(end: AttemptEnd): void {
    if (this.#status !== "over") {
      this.#status = "over";
      this.#stopWaiting();
      this.#owner.ended(this, end);
    }
    this.#settle();
  }
}

/** In cookie mode any answer but null is a yes, and may tell whose the session is and how long it lasts. */
function cookieTokens(answer: unknown, accessToken: string): unknown {
  if (answer === null) return null;
  const { subject, expiresAt } = Object(answer);
  return { accessToken, subject, expiresAt };
}
