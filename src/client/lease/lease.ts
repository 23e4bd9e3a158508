/*
 * What all tabs of an origin know of a session: whose turn it is to refresh, and what has become of the turns before. It
 * holds no token (S1), and is changed in transactions only.
 *
 *            taken                 committed, or released
 *   nobody's ────────▶ a holder's ─────────────────────────▶ nobody's
 *                         │  ▲
 *                         └──┘ preempted: a holder that keeps it too long, and does not say why, is frozen or gone (B3)
 */
export interface Lease {
  /** Whose turn it is: a name that no other turn has. */
  readonly holder?: string | undefined;
  /** The turn whose request has outlived `refreshTimeout`, and stays open. */
  readonly late?: string | undefined;
  /** How many tokens have been committed, sign-ins and sign-outs included. */
  readonly generation: number;
  /** How often somebody has signed in or out. */
  readonly epoch: number;
  /** Whether the last who did has signed out. */
  readonly signedOut?: boolean | undefined;
  /** Whether the others are to ask their identity SDK, and not to sign out at once. */
  readonly look?: boolean | undefined;
  /** The fingerprint of the user who did, where the tokens named one. */
  readonly user?: number | undefined;
  /** When that was, in ms since the epoch. */
  readonly since?: number | undefined;
  /** The fingerprint of the token that was committed last. */
  readonly token?: number | undefined;
  /** The fingerprint of the sign-in that it comes from. */
  readonly signIn?: number | undefined;
  /** When it was, in ms since the epoch. */
  readonly at?: number | undefined;
  /** The fingerprints of the refresh tokens that have been used last (B6). */
  readonly spent?: readonly number[] | undefined;
}

export const NO_LEASE: Lease = { generation: 0, epoch: 0 };

/** So many used refresh tokens are remembered: a tab that lags further behind has slept through all of them. */
const MOST_SPENT = 32;

/** @param preempted a holder that is not waited for any longer */
export function taken(lease: Lease, turn: string, preempted?: string): Lease {
  return !lease.holder || lease.holder === preempted ? { ...lease, holder: turn } : lease;
}

/** The holder lives, and goes on waiting for its answer (B22). */
export function prolonged(lease: Lease, turn: string): Lease {
  return lease.holder === turn ? { ...lease, late: turn } : lease;
}

/** Whether a turn is still the holder's, and nobody has signed in or out since it was taken (B3, B16). */
export function isHeld(lease: Lease, turn: string, since: Lease): boolean {
  return lease.holder === turn && lease.epoch === since.epoch;
}

/**
 * Whether what a turn has brought may be kept (B22): no later turn has been answered, and nobody has signed in or out. A
 * sign-in that brought the very token which the turn replaces came before it (B10).
 *
 * @param since the lease as it was when the turn was taken
 * @param replaced the fingerprint of the token that the turn replaces
 */
export function mayCommit(lease: Lease, since: Lease, replaced: number | undefined): boolean {
  return (
    lease.generation === since.generation ||
    (replaced !== undefined && lease.token === replaced && !lease.signedOut)
  );
}

/** What a turn has brought, by fingerprints. */
export interface Commit {
  token: number | undefined;
  signIn?: number | undefined;
  /** the refresh token that was used up */
  spent?: number | undefined;
  /** ms since the epoch */
  at: number;
}

export function committed(lease: Lease, turn: string, commit: Commit): Lease {
  const { spent: before = [] } = lease;
  const { spent } = commit;
  return {
    ...released(lease, turn),
    ...commit,
    generation: lease.generation + 1,
    spent: spent === undefined ? before : [...before, spent].slice(-MOST_SPENT),
  };
}

export function released(lease: Lease, turn: string): Lease {
  return lease.holder === turn ? { ...lease, holder: undefined } : lease;
}

/** A sign-in or sign-out, by fingerprints. */
export interface Announcement {
  signedOut: boolean;
  /** whether the others are to ask their identity SDK */
  look: boolean;
  user: number | undefined;
  token: number | undefined;
  signIn: number | undefined;
  /** ms since the epoch */
  at: number;
}

/** Whoever is refreshing now does it for a session that is over: what it brings is not kept (B10, B16). */
export function announced(lease: Lease, news: Announcement): Lease {
  return {
    ...lease,
    ...news,
    generation: lease.generation + 1,
    epoch: lease.epoch + 1,
    since: news.at,
  };
}

/** ms for which a commit is news to a tab that has not looked before: its storage may still show what was there before. */
const NEWS = 5_000;

/**
 * T24: whether another tab has committed a token that this one does not have yet.
 *
 * @param known the generation at this tab's last look
 * @param opened when this tab began: it may have missed whatever was committed since
 * @param token of this tab, by its fingerprint; undefined where it has none, or none that tells it from others
 */
export function isBehind(
  lease: Lease,
  known: number | undefined,
  opened: number,
  token: number | undefined,
  now: number,
): boolean {
  const { generation, at = Number.NEGATIVE_INFINITY } = lease;
  if (token !== undefined && lease.token === token) return false;
  if (known !== undefined) return generation !== known;
  return Math.abs(now - at) < NEWS || at > opened;
}

/** When the token was committed that others may have by now; undefined: there is none, or somebody has signed out since. */
export function committedAt({ at, since, signedOut }: Lease): number | undefined {
  return signedOut && at === since ? undefined : at;
}
