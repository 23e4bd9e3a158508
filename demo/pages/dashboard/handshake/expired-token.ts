/** Keeps one token until it has expired, to show how a server answers it. Instants are in ms since the epoch. */
export interface ExpiredToken {
  /** Keeps this token, unless one is kept already or it never expires. */
  keep(token: string, expiresAt: number | undefined): void;
  /** When the kept token expires. undefined without one. */
  readonly expiresAt: number | undefined;
  /** The token, once it has expired. */
  at(now: number): string | undefined;
  forget(): void;
}

export function createExpiredToken(): ExpiredToken {
  let kept: { readonly token: string; readonly expiresAt: number } | undefined;
  return {
    keep(token, expiresAt) {
      if (expiresAt !== undefined) kept ??= { token, expiresAt };
    },
    get expiresAt() {
      return kept?.expiresAt;
    },
    forget() {
      kept = undefined;
    },
    at: (now) => (kept !== undefined && now >= kept.expiresAt ? kept.token : undefined),
  };
}
