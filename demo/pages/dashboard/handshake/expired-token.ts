/** Keeps one token until it has expired, for the demo to show what a server says to it. Instants in ms since the epoch. */
export interface ExpiredToken {
  /** Takes a token, unless one is kept already. */
  keep(token: string, expiresAt: number): void;
  /** When the kept token will have expired; undefined where none is kept. */
  readonly expiresAt: number | undefined;
  /** The token, once it has expired. */
  at(now: number): string | undefined;
  /** The next user is not to have it. */
  forget(): void;
}

export function createExpiredToken(): ExpiredToken {
  let kept: { readonly token: string; readonly expiresAt: number } | undefined;
  return {
    keep(token, expiresAt) {
      kept ??= { token, expiresAt };
    },
    get expiresAt() {
      return kept?.expiresAt;
    },
    at: (now) => (kept !== undefined && now >= kept.expiresAt ? kept.token : undefined),
    forget() {
      kept = undefined;
    },
  };
}
