import type { TokenSet } from "authsocket";

/**
 * Tokens of the server as a client takes them. If a fake clock begins at the epoch, an instant looks like seconds, which the client
 * refuses. The access token says it too.
 */
export function clientTokens({ expiresAt = 0, ...tokens }: TokenSet): TokenSet {
  return expiresAt < 1e11 ? tokens : { ...tokens, expiresAt };
}
