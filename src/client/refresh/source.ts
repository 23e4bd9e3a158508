import type { TokenSet } from "../token/token-set.ts";
import type { RefreshReason } from "./refresh.ts";

/** What a source is told. */
export interface SourceContext {
  /** `rejected`, `expired` and `forced` ask for a token that is new; the others are content with one that is held. */
  reason: RefreshReason;
  /** the token that a server has refused */
  rejected?: string | undefined;
  /** Aborted when the answer is no longer wanted. */
  signal: AbortSignal;
}

/**
 * Somebody else who keeps and renews the tokens: an identity SDK. The session stores nothing then, and asks the source.
 *
 * @example
 * const source: TokenSource = {
 *   get: ({ reason }) => sdk.getToken({ force: reason === "rejected" }),
 *   subscribe: (changed) => sdk.onChange(changed),
 * };
 */
export interface TokenSource {
  /**
   * Answers the present tokens, and may answer some that it still holds; `expiresAt` is in ms. Null and undefined mean that
   * the user has to sign in. What cannot be known now, because the network fails or a server is down, throws, and is no null:
   * the session keeps its user and asks again later. An SDK that is not ready yet is waited for.
   */
  get(
    context: SourceContext,
  ): TokenSet | string | null | undefined | Promise<TokenSet | string | null | undefined>;
  /** Tells of a sign-in, a sign-out or a renewal by the SDK. Returns a function that ends it. */
  subscribe?(changed: () => void): () => void;
}
