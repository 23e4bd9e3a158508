import {
  announced,
  committed,
  committedAt,
  isBehind,
  isHeld,
  type Lease,
  mayCommit,
  NO_LEASE,
  prolonged,
  released,
  taken,
} from "../lease/lease.ts";
import { pageLeases } from "../lease/page-leases.ts";
import { withDeadline } from "../platform/deadline.ts";
import type { Platform } from "../platform/platform.ts";
import { fingerprint } from "../token/fingerprint.ts";
import type { TokenSet } from "../token/token-set.ts";

/**
 * ms beyond the time that a refresh may take, until a holder that has not given its turn back is preempted: before it sends
 * anything, it may wait a second for the token of another tab (T24), and for its transactions.
 */
const GRACE = 2_000;

/** ms for which a request stays open that has taken longer than `refreshTimeout` (B22). */
export const LATE = 30_000;

/**
 * ms until a holder is preempted whose page was left: the browser sees its request to the end, so that the cookie that
 * answers is there for the next.
 */
const LEFT_PAGE = 2_000;

/** ms between two checks of a lease, in case the news of a change is lost. */
const POLL = 1_000;

/** ms for the database to answer. Without an answer, each tab refreshes separately. */
const DATABASE_TIMEOUT = 3_000;

/** What a turn finds as it begins. */
export interface Beginning {
  /** another tab has committed a newer token */
  behind: boolean;
  /** whether somebody may have signed in or out since this tab had a token */
  isOthers: boolean;
  /** when the token was committed that others have by now, in ms since the epoch; undefined: there is none */
  committedAt: number | undefined;
  /** whether a refresh token has been used already, as far as the tabs know (B6) */
  isSpent(refreshToken: string): boolean;
}

/** A turn at the refresh endpoint, waited for or held. */
export interface Turn {
  /** of the lease */
  readonly name: string | undefined;
  /** of the lease, as the turn was taken or, since then, as it was committed */
  generation: number;
  /** The request is to stay open: those who wait are to wait for it, too. */
  late(): void;
  /** Whether the turn is still held, and nobody has signed in or out. */
  confirm(done: (held: boolean) => void): void;
  /**
   * Gives the turn back with the token that it brought. `kept` is false where that must not be used (B22): then nothing is
   * committed.
   */
  commit(brought: Brought, done: (kept: boolean) => void): void;
  /** Gives the turn back, or waits no longer. `held` as for `confirm`. */
  release(done?: (held: boolean) => void): void;
}

/** What a turn has brought. */
export interface Brought {
  token: string;
  signIn: string | undefined;
  /** the refresh token that was used up */
  spent: string | undefined;
}

/** What other tabs are told. */
interface News {
  signedOut: boolean;
  look: boolean;
  user: string | undefined;
  /** that a sign-in brought */
  tokens: TokenSet | undefined;
}

/** Who has signed in or out: when, and by fingerprints the user, where the tokens named one, and the token. */
export type TabNews = Pick<Lease, "signedOut" | "look" | "user" | "since" | "token">;

/** Lets those who share a session refresh one after the other (B2), so that none waits for ever (B3). */
export class RefreshLock {
  readonly #platform: Platform;
  readonly #patience: number;
  /** By its name, the lease with the last generation whose token this tab has had: a later one may not be seen here (T24). */
  readonly #known = new Map<string | undefined, Lease>();
  /** How often, as far as this tab knows, somebody has signed in or out, and who is told of it. */
  #epoch: number | undefined;
  #watched: string | undefined;
  /** Somebody has signed in or out elsewhere, and nothing that was brought here since tells who it is (B16). */
  #isOthers = false;
  #listener: ((news: TabNews) => void) | undefined;
  #opened = Number.POSITIVE_INFINITY;

  /** @param timeout ms that a refresh may take */
  constructor(platform: Platform, timeout: number) {
    this.#platform = platform;
    this.#patience = timeout + GRACE;
  }

  /** From now on, this tab may miss what others commit. */
  open(): void {
    this.#opened = this.#platform.now();
  }

  /**
   * Waits for a turn. It begins at once where nobody else is there.
   *
   * @param name of the lease; undefined: there are no others
   * @param token that is to be replaced
   */
  take(
    name: string | undefined,
    token: string | undefined,
    begin: (turn: Turn, at: Beginning) => void,
  ): Turn {
    const { random, now, setTimeout, clearTimeout } = this.#platform;
    let database = name === undefined ? undefined : this.#platform.leases();
    // What is known of the page's own lease says nothing of the database's.
    const place = () => (database === this.#platform.leases() ? name : `page ${name}`);
    const id = `${random()}`;
    let isWaiting = true;
    let ahead: string | undefined;
    let isLate = false;
    let since = NO_LEASE;
    // Where the database did not answer in time, nothing is known of what others did before (B9).
    let isBlind = false;
    let timer: unknown;
    let leave: (() => void) | undefined;
    const stopWaiting = () => {
      isWaiting = false;
      clearTimeout(timer);
      unsubscribe?.();
    };
    // Measured by timers that have run out, whatever the clock says and however much news a thawed tab finds (T23).
    const wait = (longest: number) => {
      const patience =
        ahead !== undefined && database?.isLeft(ahead) ? Math.min(longest, LEFT_PAGE) : longest;
      const ms = Math.min(POLL, patience);
      timer = setTimeout(() => {
        const preempted = patience > ms ? undefined : ahead;
        if (!preempted) wait(patience - ms);
        look(preempted);
      }, ms);
    };
    const look = (preempted?: string) => {
      const found = (lease: Lease | undefined) => {
        if (!isWaiting) return;
        const { holder = id, late } = lease ?? {};
        if (holder === id) {
          stopWaiting();
          since = lease ?? NO_LEASE;
          isBlind = !lease;
          leave = database?.hold(id);
          const behind = !!lease && this.#isBehind(place(), lease, token);
          const known = this.#known.get(place());
          if (lease && (!behind || token === undefined)) this.#known.set(place(), lease);
          this.#isOthers ||= since.epoch !== known?.epoch;
          turn.generation = since.generation;
          begin(turn, {
            behind,
            committedAt: committedAt(since),
            isOthers: this.#isOthers,
            isSpent: (used) => isSpent(since, used),
          });
          return;
        }
        if (ahead === holder && (isLate || late !== holder)) return;
        ahead = holder;
        isLate = late === holder;
        clearTimeout(timer);
        wait(isLate ? LATE + GRACE : this.#patience);
      };
      this.#update(
        name,
        (lease) => (isWaiting ? taken(lease, id, preempted) : lease),
        found,
        database,
        (error) => {
          if (!error || database === pageLeases) found(undefined);
          else {
            // One that fails, as in some browsers' private windows, leaves the sessions of this page (B2).
            database = pageLeases;
            look(preempted);
          }
        },
      );
    };
    const unsubscribe = database?.subscribe(`${name}`, () => {
      if (isWaiting) look();
    });
    const update = (change: (lease: Lease) => Lease, done: (held: boolean) => void) => {
      let held = true;
      this.#update(
        name,
        (lease) => {
          held = isHeld(lease, id, since);
          return change(lease);
        },
        () => done(held),
        database,
      );
    };
    const end = (change: (lease: Lease) => Lease, done?: (held: boolean) => void) => {
      stopWaiting();
      update(change, (held) => {
        // Not before: a page that is being left sees its request fail, and has no time to give its turn back.
        leave?.();
        done?.(held);
      });
    };
    const turn: Turn = {
      name,
      generation: 0,
      late: () =>
        update(
          (lease) => prolonged(lease, id),
          () => {},
        ),
      confirm: (done) => update(unchanged, done),
      commit: ({ token: fresh, signIn, spent }, done) => {
        let kept = true;
        const commit = { token: mark(fresh), signIn: mark(signIn), spent: mark(spent), at: now() };
        end(
          (lease) => {
            kept = isBlind || mayCommit(lease, since, mark(token));
            const after = kept ? committed(lease, id, commit) : released(lease, id);
            turn.generation = after.generation;
            if (kept) {
              this.#known.set(place(), after);
              this.#isOthers = false;
            }
            return after;
          },
          () => done(kept),
        );
      },
      release: (done) => end((lease) => released(lease, id), done),
    };
    look();
    return turn;
  }

  /**
   * Tells the other tabs that somebody has signed in or out. What they have under way for the previous user is not kept.
   *
   * @param name of the lease; undefined: there are no other tabs
   * @param done `held` is false where another tab has found this sign-in in the store and used its refresh token, or where
   * this tab was frozen meanwhile, and somebody has signed in or out elsewhere, or has refreshed its token
   */
  announce(name: string | undefined, { user, tokens, ...news }: News, done: (held: boolean) => void): void {
    const { now } = this.#platform;
    const at = now();
    const token = mark(tokens?.accessToken);
    const signIn = mark(tokens?.signInId);
    let held = true;
    const change = (lease: Lease) => {
      held =
        !isSpent(lease, tokens?.refreshToken) &&
        (now() < at + DATABASE_TIMEOUT ||
          !((tokens && lease.signIn === signIn && lease.token !== token) || Number(lease.since) > at));
      if (!held) return lease;
      const after = announced(lease, { ...news, user: mark(user), token, signIn, at });
      this.#known.set(name, after);
      if (name === this.#watched) this.#epoch = after.epoch;
      return after;
    };
    this.#update(name, change, () => done(held));
  }

  /** Runs it between other tabs' changes, unless one has committed a token that may not be seen here yet (T24). */
  unlessBehind(name: string | undefined, token: string, run: () => void): void {
    this.#update(name, unchanged, (lease) => {
      if (!lease || !this.#isBehind(name, lease, token)) run();
    });
  }

  /** Tells of a sign-in or sign-out in another tab. Returns a function that ends it. */
  watch(name: string, listener: (news: TabNews) => void): () => void {
    this.#listener = listener;
    this.#watched = name;
    this.look();
    const unsubscribe = this.#platform.leases()?.subscribe(name, () => this.look());
    return () => {
      this.#listener = undefined;
      unsubscribe?.();
    };
  }

  /** News may be lost: a page in the back/forward cache hears none, and a browser may have no channel for it (T23, B20). */
  look(): void {
    if (this.#listener) this.#update(this.#watched, unchanged, () => {});
  }

  #isBehind(name: string | undefined, lease: Lease, token: string | undefined): boolean {
    const known = this.#known.get(name)?.generation;
    return isBehind(lease, known, this.#opened, mark(token), this.#platform.now());
  }

  /** Whatever this tab looks for, it hears first of who has signed in or out meanwhile (B10). */
  #notice(name: string, lease: Lease | undefined): void {
    const before = this.#epoch;
    if (!lease || name !== this.#watched || lease.epoch === before) return;
    this.#epoch = lease.epoch;
    // A tab that was frozen before its first look has missed it too (T23). What is yet to come was told by a clock that has
    // been put back since (B5).
    const since = Number(lease.since);
    const isMissed = since > this.#opened && since <= this.#platform.now();
    if (before !== undefined || isMissed) this.#listener?.(lease);
  }

  /**
   * @param done without a lease where there is no database, or none that works (B9)
   * @param failed called in its place where it does not work; with an error, unless it is only slow
   */
  #update(
    name: string | undefined,
    change: (lease: Lease) => Lease,
    done: (lease: Lease | undefined) => void,
    database = this.#platform.leases(),
    failed: (error: unknown) => void = () => done(undefined),
  ): void {
    if (!database || name === undefined) {
      done(undefined);
      return;
    }
    withDeadline<Lease | undefined>(
      this.#platform,
      DATABASE_TIMEOUT,
      () => database.update(name, change),
      () => undefined,
      (lease) => {
        // The page's own lease, in the place of a database that fails, says nothing of other tabs.
        if (database === this.#platform.leases()) this.#notice(name, lease);
        done(lease);
      },
      failed,
    );
  }
}

function isSpent({ spent = [] }: Lease, refreshToken: string | undefined): boolean {
  return spent.some((used) => used === mark(refreshToken));
}

function unchanged(lease: Lease): Lease {
  return lease;
}

function mark(text: string | undefined): number | undefined {
  return text === undefined ? undefined : fingerprint(text);
}
