/*
 * What all tabs of an origin know of a session: whose turn it is to refresh, and what has become of the turns before. It
 * holds no token (S1), and is changed in transactions only.
 *
 *            taken                 committed, or released
 *   nobody's ────────▶ a holder's ─────────────────────────────────────────────────────────▶ nobody's
 *                         │  ▲
 *                         └──┘ robbed: a holder that outlasts every patience is frozen or gone (B3)
 */
export interface Lease {
  /** Whose turn it is: a name that no other turn has. */
  holder?: string | undefined;
  /** The fingerprint of the token that the holder is replacing. */
  replaced?: number | undefined;
  /** Somebody has signed in or out: the holder has its request to end, and nothing to commit (B10, B16). */
  inVain?: boolean | undefined;
  /** How many tokens have been committed, sign-ins and sign-outs included. */
  generation: number;
  /** How often somebody has signed in or out. */
  epoch: number;
  /** Whether the last who did has signed out. */
  signedOut?: boolean | undefined;
  /** When that was, in ms since the epoch. */
  since?: number | undefined;
  /** The fingerprint of the token that was committed last. */
  token?: number | undefined;
  /** When it was, in ms since the epoch. */
  at?: number | undefined;
}

export const NO_LEASE: Lease = { generation: 0, epoch: 0 };

/**
 * @param token that is to be replaced, by its fingerprint
 * @param robbed a holder that is not waited for any longer
 */
export function taken(lease: Lease, turn: string, token: number | undefined, robbed?: string): Lease {
  return !lease.holder || lease.holder === robbed
    ? { ...lease, holder: turn, replaced: token, inVain: false }
    : lease;
}

/** Whether a turn has been neither robbed nor voided: else its token must not be used (B3, B10). */
export function isHeld(lease: Lease, turn: string): boolean {
  return lease.holder === turn && !lease.inVain;
}

export function committed(lease: Lease, turn: string, token: number | undefined, at: number): Lease {
  return isHeld(lease, turn)
    ? { ...released(lease, turn), generation: lease.generation + 1, token, at }
    : released(lease, turn);
}

export function released(lease: Lease, turn: string): Lease {
  return lease.holder === turn ? { ...lease, holder: undefined, replaced: undefined } : lease;
}

/**
 * A sign-in or sign-out: whoever is refreshing does it for a session that is over (B10, B16), except for one who has seen
 * the sign-in and is already replacing its very token. Nobody refreshes beside it even so: a cookie may be the new user's.
 */
export function voided(lease: Lease, signedOut: boolean, token: number | undefined, at: number): Lease {
  return {
    ...lease,
    inVain: token === undefined || token !== lease.replaced,
    generation: lease.generation + 1,
    epoch: lease.epoch + 1,
    signedOut,
    since: at,
    token,
    at,
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
