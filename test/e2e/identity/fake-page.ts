import { sourceOf, TabSdk } from "../../support/tab-sdk.ts";
import { open, type Sdk } from "./page.ts";

/**
 * An SDK that is no provider's. By the page's query, it tells no other tab of a change ("silent"), or is not ready before it
 * is told to be ("late").
 */
class FakeSdk extends TabSdk implements Sdk {
  #isReady = (): void => {};
  readonly ready = new Promise<void>((resolve) => {
    this.#isReady = resolve;
  });

  constructor() {
    super({
      key: "sdk",
      fetchToken: (why) => fetchText(`/sdk/renew?why=${why}`),
      isSilent: location.search.includes("silent"),
    });
    if (!location.search.includes("late")) this.#isReady();
  }

  refreshToken(): string {
    throw new Error("the server keeps it");
  }

  load(): void {
    this.#isReady();
  }

  override async getToken(force?: boolean): Promise<string | null> {
    await this.ready;
    return super.getToken(force);
  }

  async signIn(user: string): Promise<void> {
    this.keep(await fetchText(`/sdk/login?user=${user}`));
  }

  async signOut(): Promise<void> {
    this.keep(null);
  }
}

async function fetchText(path: string): Promise<string> {
  return (await fetch(path)).text();
}

declare global {
  interface Window {
    fake: FakeSdk;
  }
}

window.fake = new FakeSdk();
open(sourceOf(window.fake), window.fake);
