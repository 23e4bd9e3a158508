/** How this tab came by a new token: by a refresh of its own, or from another tab. */
export type Renewal = "refresh" | "adoption";

/** Tells the tokens that this tab has fetched from those that it has taken over from another tab. */
export interface RefreshWatch {
  /** For AuthSocket's option `fetch`. */
  readonly fetch: typeof fetch;
  /** Whether this tab's own refresh has brought the token. */
  brought(token: string): boolean;
}

/**
 * Looks at the answers that this tab's refreshes get. The states of a session do not tell who has refreshed, since that
 * makes no difference to it; it is only the demo that wants to show it.
 */
export function createRefreshWatch(): RefreshWatch {
  let latest: unknown;
  return {
    async fetch(input, init) {
      const response = await fetch(input, init);
      latest = await tokenIn(response.clone());
      return response;
    },
    brought: (token) => token === latest,
  };
}

async function tokenIn(response: Response): Promise<unknown> {
  try {
    return Reflect.get(await response.json(), "token");
  } catch {
    return undefined; // an answer without a token, which AuthSocket deals with
  }
}
