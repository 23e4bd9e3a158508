import type { TokenSource } from "authsocket";
import { open, type Sdk } from "./page.ts";

/**
 * An SDK of its own making, as most are: it keeps a token where all tabs find it, and tells all of them of each change. By the
 * page's query, it tells no other tab ("silent"), or is not ready before it is told to be ("late").
 */
class FakeSdk implements Sdk {
  readonly #listeners = new Set<() => void>();
  #isReady = (): void => {};
  readonly ready = new Promise<void>((resolve) => {
    this.#isReady = resolve;
  });

  constructor() {
    const isSilent = location.search.includes("silent");
    // Told by the storage itself: by any other way the news can come before the token.
    if (!isSilent) addEventListener("storage", ({ key }) => key === "sdk" && this.#tell());
    if (!location.search.includes("late")) this.#isReady();
  }

  refreshToken(): string {
    throw new Error("the server keeps it");
  }

  load(): void {
    this.#isReady();
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async getToken(force: boolean): Promise<string | null> {
    await this.ready;
    if (force && localStorage.sdk) await this.renew("forced");
    return localStorage.sdk ?? null;
  }

  async renew(why = "own"): Promise<void> {
    await this.#fetch(`/sdk/renew?why=${why}`);
  }

  async signIn(user: string): Promise<void> {
    await this.#fetch(`/sdk/login?user=${user}`);
  }

  async signOut(): Promise<void> {
    localStorage.removeItem("sdk");
    this.#tell();
  }

  async #fetch(path: string): Promise<void> {
    localStorage.sdk = await (await fetch(path)).text();
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

declare global {
  interface Window {
    fake: FakeSdk;
  }
}

window.fake = new FakeSdk();
const source: TokenSource = {
  get: ({ reason }) => window.fake.getToken(["rejected", "expired", "forced"].includes(reason)),
  subscribe: (changed) => window.fake.onChange(changed),
};
open(source, window.fake);
