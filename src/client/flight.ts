import { defined } from "./core/defined.ts";
import { AuthSocketError } from "./core/errors.ts";
import type { Grant } from "./core/grant.ts";
import type { Session, SessionEvent, User } from "./core/session-machine.ts";
import type { TokenSet } from "./core/token-set.ts";
import { andThen, withDeadline } from "./deadline.ts";
import { patience } from "./patience.ts";
import type { Platform } from "./platform/platform.ts";
import type { RefreshTurns, Turn } from "./refresh-turns.ts";
import { type Refresh, type RefreshOutcome, readAnswer, readFailure } from "./refresher.ts";

/** T24: ms for the token of another tab to be seen in a store that tabs share. */
const NEWS_PATIENCE = 1_000;

const ROBBED: SessionEvent = { type: "robbed" };

/** What a flight needs of its session. */
export interface FlightContext {
  readonly platform: Platform;
  readonly turns: RefreshTurns;
  readonly refresh: Refresh;
  /** ms */
  readonly refreshTimeout: number;
  readonly isCookie: boolean;
  /** Whether other tabs read and write the store too. */
  readonly isShared: boolean;
  /** Looks into the store: what is new there ends the flight. */
  read(done?: () => void): void;
  received(tokens: TokenSet): Grant;
  /** What stands for a token where there is none but a cookie. */
  renewal(): string;
  retryAt(failures: number): number;
}

/**
 * One refresh, from the wait for its turn to its one answer (B2, B9, B10). One that is given up has none; nor has one that
 * is overtaken, whose request is seen to its end.
 */
export class Flight {
  readonly #context: FlightContext;
  readonly #session: Session & { status: "refreshing" };
  readonly #landed: (event: SessionEvent) => void;
  #status: "waiting" | "departed" | "over" = "waiting";
  #turn: Turn | undefined;
  #cancel: (() => void) | undefined;

  /** @param landed told of its answer, once */
  constructor(
    context: FlightContext,
    session: Session & { status: "refreshing" },
    landed: (event: SessionEvent) => void,
  ) {
    this.#context = context;
    this.#session = session;
    this.#landed = landed;
  }

  start(): void {
    const { turns, isCookie } = this.#context;
    const token = isCookie ? undefined : this.#session.grant?.accessToken;
    this.#turn = turns.take(token, (turn, behind) => this.#begin(turn, behind));
  }

  abort(): void {
    this.#status = "over";
    this.#cancel?.();
    this.#turn?.release();
  }

  /**
   * Another token is there before its own.
   *
   * @param user whose that is
   */
  overtake(by: "read" | "signIn", { id }: User): void {
    const { user } = this.#session;
    // The cookie that answers may replace one that is used up; another user's must not come in over the new one (B16).
    const isSame = user.id === 0 ? by === "read" : user.id === id;
    if (this.#status === "departed" && isSame) this.#status = "over";
    else this.abort();
  }

  #begin(turn: Turn, behind: boolean): void {
    const { platform, turns, isCookie, isShared } = this.#context;
    const depart = () => this.#depart(turn);
    if (this.#status === "over") return;
    if (behind && isCookie) {
      // The tabs share the session that another one has just renewed (B2).
      turn.release();
      this.#land(this.#granted({ accessToken: this.#context.renewal() }));
    } else if (turns.isAlone) depart();
    else if (!behind || !isShared) this.#look(depart);
    else {
      // T24: what another tab has stored may not be seen here yet. Whatever is seen of it in time ends this flight.
      this.#cancel = patience(platform, NEWS_PATIENCE, () =>
        turn.confirm((held) => {
          // B3, B16: meanwhile another tab may have begun, or somebody signed in, whose cookie is not to be used up.
          if (held) this.#look(depart);
          else {
            turn.release();
            this.#land(ROBBED);
          }
        }),
      );
      this.#look(() => {});
    }
  }

  #look(then: () => void): void {
    this.#context.read(() => {
      if (this.#status !== "over") then();
    });
  }

  #depart(turn: Turn): void {
    this.#status = "departed";
    this.#cancel = this.#attempt((outcome) => {
      if (this.#status === "over") turn.release();
      else this.#arrive(turn, outcome);
    });
  }

  #arrive(turn: Turn, outcome: RefreshOutcome): void {
    const { grant, attempt } = this.#session;
    if (outcome.type === "granted") {
      const event = this.#granted(outcome.tokens);
      turn.commit(event.grant.accessToken, (held) => this.#land(held ? event : ROBBED));
    } else if (outcome.type === "ended") {
      // B3: the refresh token may have been used by another tab, whose token is adopted before giving up.
      turn.release((held) => {
        this.#context.read();
        this.#land(held ? { ...outcome, token: grant?.accessToken } : ROBBED);
      });
    } else {
      const { error, retryAfter } = outcome;
      turn.release();
      const now = this.#context.platform.now();
      const retryAt = Math.max(now + retryAfter, this.#context.retryAt(attempt));
      this.#land({ type: "failed", error, now, retryAt });
    }
  }

  #granted(tokens: TokenSet): SessionEvent & { type: "granted" } {
    const { platform } = this.#context;
    return { type: "granted", grant: this.#context.received(tokens), now: platform.now() };
  }

  #land(event: SessionEvent): void {
    if (this.#status === "over") return;
    this.#status = "over";
    this.#landed(event);
  }

  /** @returns its undo */
  #attempt(done: (outcome: RefreshOutcome) => void): () => void {
    const { platform, refresh, refreshTimeout, isCookie } = this.#context;
    const { grant, reason } = this.#session;
    const controller = new AbortController();
    const context = defined({
      reason,
      signal: controller.signal,
      token: grant?.accessToken,
      refreshToken: grant?.refreshToken,
    });
    const cancel = withDeadline(
      platform,
      refreshTimeout,
      () =>
        andThen<unknown, RefreshOutcome>(refresh(context), (answer) =>
          readAnswer(isCookie && answer !== null ? this.#context.renewal() : answer),
        ),
      () => {
        controller.abort();
        return new AuthSocketError("refresh_timeout", `"refresh" took longer than ${refreshTimeout} ms`);
      },
      done,
      (error) => done(readFailure(error)),
    );
    return () => {
      controller.abort();
      cancel();
    };
  }
}
