import { jwtDecode } from "jwt-decode";
import type { TabSdk } from "../../support/tab-sdk.ts";
import { pause } from "./pause.ts";

/**
 * What an SDK does by itself, for so many ms: it renews the token when half of its life is over, in one tab at a time, as SDKs do that
 * take a lock. Answers how often this tab has renewed.
 *
 * @param lock its name
 */
export function keepFresh(sdk: TabSdk, lock: string, duration: number): Promise<number> {
  const end = performance.now() + duration;
  return navigator.locks.request(lock, async () => {
    for (let renewals = 0; ; ) {
      const left = end - performance.now();
      if (left <= 0 || sdk.token === null) return renewals;
      const { iat = 0, exp = 0 } = jwtDecode(sdk.token);
      const wait = ((iat + exp) / 2) * 1000 - Date.now();
      if (wait > 0) await pause(Math.min(wait, left));
      else {
        renewals++;
        await sdk.renew();
      }
    }
  });
}
