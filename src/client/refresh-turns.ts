import { fingerprint } from "./core/fingerprint.ts";
import { committed, isBehind, isHeld, type Lease, released, taken, voided } from "./core/lease.ts";
import { withDeadline } from "./deadline.ts";
import type { Platform } from "./platform/platform.ts";

/** Beyond the time that a refresh may take, ms until a holder that has not given its turn back is robbed. */
const GRACE = 500;

/**
 * ms until a holder is robbed whose page was left: the browser sees its request to the end, so that the cookie that answers
 * is there for the next.
 */
const FAREWELL = 2_000;

/** ms between two looks at a lease, should the news of a change be lost. */
const POLL = 1_000;

/** ms for the board to answer. Without an answer, tabs are on their own. */
const BOARD_PATIENCE = 3_000;

/** A turn at the refresh endpoint, waited for or held. */
export interface Turn {
  /** Whether it was neither robbed nor voided up to now. */
  confirm(done: (held: boolean) => void): void;
  /** Gives the turn back with the token that it brought, unless it was robbed or voided meanwhile. */
  commit(token: string | undefined, done: (held: boolean) => void): void;
  /** Gives the turn back, or waits no longer. */
  release(done?: (held: boolean) => void): void;
}

const ALONE: Turn = {
  confirm: (done) => done(true),
  commit: (_, done) => done(true),
  release: (done) => done?.(true),
};

/** Lets the tabs of an origin refresh one after the other (B2), and none of them wait for ever (B3). */
export class RefreshTurns {
  readonly #platform: Platform;
  readonly #name: string;
  readonly #patience: number;
  /** The last generation whose token this tab has had: one that is committed since may still not be seen here (T24). */
  #generation: number | undefined;
  /** How often, as far as this tab knows, somebody has signed in or out, and who is told of it. */
  #epoch: number | undefined;
  #listener: ((signedOut: boolean) => void) | undefined;
  #opened = Number.POSITIVE_INFINITY;

  /**
   * @param name of what is refreshed: sessions with the same one take turns
   * @param timeout ms that a refresh may take
   */
  constructor(platform: Platform, name: string, timeout: number) {
    this.#platform = platform;
    this.#name = name;
    this.#patience = timeout + GRACE;
  }

  /** Whether other tabs are heard of. */
  get isAlone(): boolean {
    return !this.#platform.leases();
  }

  /** From now on, this tab may miss what others commit. */
  open(): void {
    this.#opened = this.#platform.now();
  }

  /**
   * Waits for a turn, at once where there are no other tabs.
   *
   * @param token that is to be replaced
   * @param begin `behind`: another tab has committed a newer one
   */
  take(token: string | undefined, begin: (turn: Turn, behind: boolean) => void): Turn {
    const { random, now, setTimeout, clearTimeout } = this.#platform;
    const board = this.#platform.leases();
    if (!board) {
      begin(ALONE, false);
      return ALONE;
    }
    const id = `${random()}`;
    let status: "waiting" | "held" | "over" = "waiting";
    let ahead: string | undefined;
    let timer: unknown;
    let leave = () => {};
    const settle = (next: "held" | "over") => {
      status = next;
      clearTimeout(timer);
      unsubscribe();
    };
    // Measured by timers that have run out, whatever the clock says and however much news a thawed tab finds (T23).
    const wait = (longest: number) => {
      const patience = ahead !== undefined && board.isLeft(ahead) ? Math.min(longest, FAREWELL) : longest;
      const ms = Math.min(POLL, patience);
      timer = setTimeout(() => {
        const robbed = patience > ms ? undefined : ahead;
        if (!robbed) wait(patience - ms);
        look(robbed);
      }, ms);
    };
    const look = (robbed?: string) => {
      this.#update(
        (lease) => (status === "waiting" ? taken(lease, id, mark(token), robbed) : lease),
        (lease) => {
          if (status !== "waiting") return;
          const { holder = id } = lease ?? {};
          if (holder === id) {
            settle("held");
            leave = board.hold(id);
            const behind = !!lease && this.#isBehind(lease, token);
            if (!behind || token === undefined) this.#generation = lease?.generation;
            begin(turn, behind);
            return;
          }
          if (ahead === holder) return;
          ahead = holder;
          clearTimeout(timer);
          wait(this.#patience);
        },
      );
    };
    const unsubscribe = board.subscribe(this.#name, () => {
      if (status === "waiting") look();
    });
    const update = (change: (lease: Lease) => Lease, done: (held: boolean) => void) => {
      let held = true;
      this.#update(
        (lease) => {
          held = isHeld(lease, id);
          return change(lease);
        },
        () => done(held),
      );
    };
    const end = (change: (lease: Lease) => Lease, done?: (held: boolean) => void) => {
      settle("over");
      update(change, (held) => {
        // Not before: a page that is being left sees its request fail, and has no time to give its turn back.
        leave();
        done?.(held);
      });
    };
    const turn: Turn = {
      confirm: (done) => update(unchanged, done),
      commit: (fresh, done) =>
        end((lease) => {
          const after = committed(lease, id, mark(fresh), now());
          if (isHeld(lease, id)) this.#generation = after.generation;
          return after;
        }, done),
      release: (done) => end((lease) => released(lease, id), done),
    };
    look();
    return turn;
  }

  /**
   * Whoever refreshes at the moment does it in vain: somebody has signed in, or, without a token, out.
   *
   * @param done `held`: not so where this tab was frozen in the midst of it, and somebody has signed in or out elsewhere
   */
  void(signedOut: boolean, token: string | undefined, done: (held: boolean) => void): void {
    const { now } = this.#platform;
    const at = now();
    let held = true;
    const change = (lease: Lease) => {
      held = now() < at + BOARD_PATIENCE || (lease.since ?? at) <= at;
      if (!held) return lease;
      const after = voided(lease, signedOut, mark(token), at);
      this.#generation = after.generation;
      this.#epoch = after.epoch;
      return after;
    };
    this.#update(change, () => done(held));
  }

  /** Runs it between other tabs' changes, unless one has committed a token that may not be seen here yet (T24). */
  unlessBehind(token: string, run: () => void): void {
    this.#update(unchanged, (lease) => {
      if (!lease || !this.#isBehind(lease, token)) run();
    });
  }

  /** Tells of a sign-in or sign-out in another tab. Returns its undo. */
  watch(listener: (signedOut: boolean) => void): () => void {
    if (this.isAlone) return () => {};
    const look = () => this.#update(unchanged, () => {});
    this.#listener = listener;
    look();
    const unsubscribe = this.#platform.leases()?.subscribe(this.#name, look);
    return () => {
      this.#listener = undefined;
      unsubscribe?.();
    };
  }

  #isBehind(lease: Lease, token: string | undefined): boolean {
    return isBehind(lease, this.#generation, this.#opened, mark(token), this.#platform.now());
  }

  /** Whatever this tab looks for, it hears first of who has signed in or out meanwhile (B10). */
  #notice(lease: Lease | undefined): void {
    const before = this.#epoch;
    if (!lease || lease.epoch === before) return;
    this.#epoch = lease.epoch;
    if (before !== undefined) this.#listener?.(!!lease.signedOut);
  }

  /** @param done without a lease where the board does not work (B9) */
  #update(change: (lease: Lease) => Lease, done: (lease: Lease | undefined) => void): void {
    const board = this.#platform.leases();
    if (!board) {
      done(undefined);
      return;
    }
    withDeadline<Lease | undefined>(
      this.#platform,
      BOARD_PATIENCE,
      () => board.update(this.#name, change),
      () => undefined,
      (lease) => {
        this.#notice(lease);
        done(lease);
      },
      () => done(undefined),
    );
  }
}

function unchanged(lease: Lease): Lease {
  return lease;
}

function mark(token: string | undefined): number | undefined {
  return token === undefined ? undefined : fingerprint(token);
}
