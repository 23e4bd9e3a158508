/** How this tab got a new token: by its own refresh, from another tab, or from the provider's client. */
export type Renewal = "refresh" | "adoption" | "provider";

/** For a page on which an identity provider's client renews every token. */
export const refreshedByProvider = { sourceOf: (): Renewal => "provider" };

/** Distinguishes tokens that this tab has fetched from those that another tab has. */
export interface RefreshWatch {
  /** For AuthSocket's option `fetch`. */
  readonly fetch: typeof fetch;
  sourceOf(token: string): Renewal;
}

/**
 * Reads the answers to this tab's refreshes. The session's state does not say which tab has refreshed, because an app need not
 * know. Only this demo wants to show it.
 */
export function createRefreshWatch(): RefreshWatch {
  let latest: unknown;
  return {
    async fetch(input, init) {
      const response = await fetch(input, init);
      latest = await tokenIn(response.clone());
      return response;
    },
    sourceOf: (token) => (token === latest ? "refresh" : "adoption"),
  };
}

async function tokenIn(response: Response): Promise<unknown> {
  try {
    return Reflect.get(await response.json(), "token");
  } catch {
    return undefined; // An answer without a token. AuthSocket deals with it.
  }
}
