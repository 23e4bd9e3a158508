/**
 * Why a token is asked for. "missing": none is known. "expiring": the known one ends soon. "expired": it has ended.
 * "rejected": a server has refused it. "forced": the app wants a fresh one.
 */
export type RefreshReason = "missing" | "expiring" | "expired" | "rejected" | "forced";

export interface TokenSourceContext {
  readonly reason: RefreshReason;
  /** With reason "rejected": the token that a server has refused. */
  readonly rejected?: string | undefined;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** The tokens of one signed-in user, as a source answers them. */
export interface SourceTokens {
  accessToken: string;
  refreshToken?: string | undefined;
  /** Who the tokens are for. Default: what the session's `subject` option reads from the access token. */
  subject?: string | undefined;
  /** When the access token expires, in ms since the epoch. */
  expiresAt?: number | undefined;
}

/** What a source may answer: tokens, the access token alone, or null or undefined where nobody is signed in. */
export type SourceAnswer = SourceTokens | string | null | undefined;

/** Somebody else, such as the SDK of an identity provider, who keeps and renews the tokens. */
export interface TokenSource {
  /**
   * Answers the present tokens, and may answer some that it still holds. Null or undefined means that the user has to sign
   * in. What cannot be known now, because the network fails or a server is down, is a rejection and no null: the session
   * keeps its user and asks again later.
   */
  get(context: TokenSourceContext): SourceAnswer | Promise<SourceAnswer>;
  /** Calls `changed` at each sign-in, sign-out and renewal that the source knows of. Returns the undo. */
  subscribe?(changed: () => void): () => void;
}
