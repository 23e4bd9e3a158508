import type { TokenSource } from "authsocket";

/** Whether an SDK renews its token of its own accord, or because somebody has forced it to. */
export type Why = "own" | "forced";

export interface TabSdkOptions {
  /** where in localStorage the token is */
  key: string;
  /** Asks the identity provider for a new token; null: nobody is signed in there. */
  fetchToken(why: Why): Promise<string | null>;
  /** whether it tells other tabs nothing. default false */
  isSilent?: boolean;
}

/** The identity SDK of one tab, made as most are: it keeps a token where all tabs find it, and tells all of them of each change. */
export class TabSdk {
  readonly #key: string;
  readonly #fetchToken: TabSdkOptions["fetchToken"];
  readonly #listeners = new Set<() => void>();

  constructor({ key, fetchToken, isSilent = false }: TabSdkOptions) {
    this.#key = key;
    this.#fetchToken = fetchToken;
    // Told by the storage itself: by any other way the news can come before the token.
    if (!isSilent) addEventListener("storage", (event) => event.key === key && this.#tell());
  }

  /** The token that it holds. */
  get token(): string | null {
    return localStorage.getItem(this.#key);
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @param force whether to go past what it holds */
  async getToken(force = false): Promise<string | null> {
    if (force && this.token !== null) await this.renew("forced");
    return this.token;
  }

  async renew(why: Why = "own"): Promise<void> {
    this.keep(await this.#fetchToken(why));
  }

  /** A sign-in has brought a token, or a sign-out none. */
  keep(token: string | null): void {
    if (token === null) localStorage.removeItem(this.#key);
    else localStorage.setItem(this.#key, token);
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** What an app gives to AuthSocket, so that the SDK's token is used. */
export function sourceOf(sdk: TabSdk): TokenSource {
  return {
    get: ({ reason }) => sdk.getToken(["rejected", "expired", "forced"].includes(reason)),
    subscribe: (changed) => sdk.onChange(changed),
  };
}
