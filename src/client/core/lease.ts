/*
 * What all tabs of an origin know of a session: whose turn it is to refresh, and what has become of the turns before. It
 * holds no token (S1), and is changed in transactions only.
 *
 *            taken                 committed, released, or voided by a sign-in or sign-out
 *   nobody's ────────▶ a holder's ─────────────────────────────────────────────────────────▶ nobody's
 *                         │  ▲
 *                         └──┘ robbed: a holder that outlasts every patience is frozen or gone (B3)
 */
export interface Lease {
  /** Whose turn it is: a name that no other turn has. */
  holder?: string | undefined;
  /** How many tokens have been committed, sign-ins and sign-outs included. */
  generation: number;
  /** How often somebody has signed in or out. */
  epoch: number;
  /** Whether the last who did has signed out. */
  signedOut?: boolean | undefined;
  /** The fingerprint of the token that was committed last. */
  token?: number | undefined;
  /** When that was, in ms since the epoch. */
  at?: number | undefined;
}

export const NO_LEASE: Lease = { generation: 0, epoch: 0 };

/** @param robbed a holder that is not waited for any longer */
export function taken(lease: Lease, turn: string, robbed?: string): Lease {
  return !lease.holder || lease.holder === robbed ? { ...lease, holder: turn } : lease;
}

/** Unchanged where the turn has been robbed or voided: its token must not be used (B3, B10). */
export function committed(lease: Lease, turn: string, token: number | undefined, at: number): Lease {
  return lease.holder === turn
    ? { ...lease, holder: undefined, generation: lease.generation + 1, token, at }
    : lease;
}

export function released(lease: Lease, turn: string): Lease {
  return lease.holder === turn ? { ...lease, holder: undefined } : lease;
}

/** A sign-in or sign-out: whoever is refreshing does it for a session that is over (B10, B16). */
export function voided(lease: Lease, signedOut: boolean, token: number | undefined, at: number): Lease {
  return { generation: lease.generation + 1, epoch: lease.epoch + 1, signedOut, token, at };
}

/** ms for which a commit is news to a tab that has not looked before: its storage may still show what was there before. */
const NEWS = 5_000;

/**
 * T24: whether another tab has committed a token that this one does not have yet.
 *
 * @param known the generation at this tab's last look
 * @param token of this tab, by its fingerprint; undefined where it has none, or none that tells it from others
 */
export function isBehind(
  lease: Lease,
  known: number | undefined,
  token: number | undefined,
  now: number,
): boolean {
  const { generation, at = Number.NEGATIVE_INFINITY } = lease;
  if (token !== undefined && lease.token === token) return false;
  return known === undefined ? Math.abs(now - at) < NEWS : generation !== known;
}
