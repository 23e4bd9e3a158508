/** How much of a token's life is left, and when it will be renewed. Durations are in ms. */
export interface TokenLife {
  readonly remaining: number;
  /** 1 when new, 0 when expired. */
  readonly share: number;
  /** The token is renewed when its share is between these. `from` is reached first. */
  readonly renewal: Shares;
}

interface Shares {
  readonly from: number;
  readonly to: number;
}

/**
 * The life that is left at `now`, of a token that lasts `lifetime` and expires at `expiresAt`.
 * `renewsBefore`: when somebody else renews it, how long before its end. default: by AuthSocket's schedule
 */
export function tokenLife(
  expiresAt: number,
  lifetime: number,
  now: number,
  renewsBefore?: number,
): TokenLife {
  const remaining = Math.max(0, expiresAt - now);
  return {
    remaining,
    share: Math.min(1, remaining / lifetime),
    renewal: renewsBefore === undefined ? ownRenewal(lifetime) : providersRenewal(renewsBefore / lifetime),
  };
}

/** The defaults of AuthSessionOptions: a leeway of a fifth, at most a minute, and before it a jitter of a tenth. */
function ownRenewal(lifetime: number): Shares {
  const leeway = Math.min(60_000, lifetime / 5) / lifetime;
  return { from: leeway + 0.1, to: leeway };
}

/** A moment, drawn wide enough to be seen. */
function providersRenewal(share: number): Shares {
  return { from: Math.min(1, share), to: Math.max(0, share - 0.03) };
}

/** "12 s", "4:05" or "2 h 10 min": whole seconds, rounded up, so that 0 means expired. */
export function remainingWords(remaining: number): string {
  const seconds = Math.ceil(remaining / 1_000);
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
}
