import type { TokenSet } from "../token/token-set.ts";
import type { RefreshReason } from "./refresh.ts";

/** What a source receives. */
export interface SourceContext {
  /** `rejected`, `expired` and `forced` ask for a new token. For the others, the token that the SDK holds will do. */
  reason: RefreshReason;
  /** the token that a server has refused */
  rejected?: string | undefined;
  /** Aborted when the answer is no longer wanted. */
  signal: AbortSignal;
}

/**
 * Asks the SDK of an identity provider, which keeps and refreshes the tokens. The session then stores nothing, and asks the
 * source.
 *
 * @example
 * const source: TokenSource = {
 *   get: ({ reason }) => sdk.getToken({ force: ["rejected", "expired", "forced"].includes(reason) }),
 *   subscribe: (changed) => sdk.onChange(changed),
 * };
 */
export interface TokenSource {
  /**
   * Returns the current tokens, perhaps from the SDK's cache; `expiresAt` is in ms. Null and undefined mean that the user has
   * to sign in. If that cannot be known, because the network or a server fails, it throws: the session keeps its user and
   * asks again later. If the SDK is not ready yet, it returns a promise.
   */
  get(
    context: SourceContext,
  ): TokenSet | string | null | undefined | Promise<TokenSet | string | null | undefined>;
  /** Tells of a sign-in, a sign-out or a refresh by the SDK. Returns a function that ends it. */
  subscribe?(changed: () => void): () => void;
}
