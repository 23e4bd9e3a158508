import { fingerprint } from "./core/fingerprint.ts";
import { committed, isBehind, type Lease, released, taken, voided } from "./core/lease.ts";
import { withDeadline } from "./deadline.ts";
import type { Platform } from "./platform/platform.ts";

/** Beyond the time that a refresh may take, ms until a holder that has not given its turn back is robbed. */
const GRACE = 500;

/** ms between two looks at a lease, should the news of a change be lost. */
const POLL = 1_000;

/** ms for the board to answer. Without an answer, tabs are on their own. */
const BOARD_PATIENCE = 3_000;

/** A turn at the refresh endpoint, waited for or held. */
export interface Turn {
  /** Gives the turn back with the token that it brought, unless it was robbed or voided meanwhile. */
  commit(token: string | undefined, done: (held: boolean) => void): void;
  /** Gives the turn back, or waits no longer. */
  release(done?: (held: boolean) => void): void;
}

const ALONE: Turn = { commit: (_, done) => done(true), release: (done) => done?.(true) };

/** Lets the tabs of an origin refresh one after the other (B2), and none of them wait for ever (B3). */
export class RefreshTurns {
  readonly #platform: Platform;
  readonly #name: string;
  readonly #patience: number;
  /** What this tab has last seen of the lease, and heard of others. */
  #generation: number | undefined;
  #epoch: number | undefined;

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
    let ahead: { holder: string; patience: number } | undefined;
    let timer: unknown;
    const settle = (next: "held" | "over") => {
      status = next;
      clearTimeout(timer);
      unsubscribe();
    };
    const look = (robbed?: string) => {
      clearTimeout(timer);
      this.#update(
        (lease) => (status === "waiting" ? taken(lease, id, robbed) : lease),
        (lease) => {
          if (status !== "waiting") return;
          const { holder = id } = lease ?? {};
          if (holder === id) {
            settle("held");
            const behind = !!lease && isBehind(lease, this.#generation, mark(token), now());
            this.#generation = lease?.generation;
            begin(turn, behind);
            return;
          }
          // Measured by timers, which no jump of the clock moves (T23).
          if (ahead?.holder !== holder) ahead = { holder, patience: this.#patience };
          const wait = Math.min(POLL, ahead.patience);
          ahead.patience -= wait;
          timer = setTimeout(() => look(ahead?.patience ? undefined : holder), wait);
        },
      );
    };
    const unsubscribe = board.subscribe(this.#name, () => {
      if (status === "waiting") look();
    });
    const end = (change: (lease: Lease) => Lease, done?: (held: boolean) => void) => {
      settle("over");
      let held = true;
      this.#update(
        (lease) => {
          held = lease.holder === id;
          return change(lease);
        },
        (lease) => {
          if (held) this.#generation = lease?.generation;
          done?.(held);
        },
      );
    };
    const turn: Turn = {
      commit: (fresh, done) => end((lease) => committed(lease, id, mark(fresh), now()), done),
      release: (done) => end((lease) => released(lease, id), done),
    };
    look();
    return turn;
  }

  /** Whoever refreshes at the moment does it in vain: somebody has signed in, or, without a token, out. */
  void(signedOut: boolean, token: string | undefined, done: () => void): void {
    const change = (lease: Lease) => voided(lease, signedOut, mark(token), this.#platform.now());
    this.#update(change, (lease) => {
      this.#generation = lease?.generation;
      this.#epoch = lease?.epoch;
      done();
    });
  }

  /** Tells of a sign-in or sign-out in another tab. Returns its undo. */
  watch(listener: (signedOut: boolean) => void): () => void {
    const look = () =>
      this.#update(
        (lease) => lease,
        (lease) => {
          const before = this.#epoch;
          if (!lease || lease.epoch === before) return;
          this.#epoch = lease.epoch;
          if (before !== undefined) listener(!!lease.signedOut);
        },
      );
    if (this.isAlone) return () => {};
    look();
    return this.#platform.leases()?.subscribe(this.#name, look) ?? (() => {});
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
      done,
      () => done(undefined),
    );
  }
}

function mark(token: string | undefined): number | undefined {
  return token === undefined ? undefined : fingerprint(token);
}
