import { indexedDbLeases, type LeaseDatabase } from "../lease/lease-database.ts";
import { pageLeases } from "../lease/page-leases.ts";
import { onWakeUp } from "./wake-up.ts";

/** Everything that a client takes from the world around it, looked up at each use and never at import (B20). */
export interface Platform {
  /** ms since the epoch */
  now(): number;
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
  /** 0 ≤ random < 1 */
  random(): number;
  fetch: typeof fetch;
  /** Tells when the page comes back to life, and whether the network has. Returns a function that ends it. */
  onWakeUp(listener: (isOnline: boolean) => void): () => void;
  /** Where the page is; undefined outside a page. */
  location(): Location | undefined;
  /** Where those who share a session agree on who refreshes; undefined: nobody else is there. */
  leases(): LeaseDatabase | undefined;
  /** Says something to the developer. */
  warn(message: string): void;
  /** Reports what the app's code has thrown, as an uncaught error. */
  report(error: unknown): void;
}

export const browserPlatform: Platform = {
  now: () => Date.now(),
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
  random: () => Math.random(),
  fetch: (input, init) => fetch(input, init),
  onWakeUp,
  location: () => globalThis.location,
  leases: () => {
    try {
      if (globalThis.indexedDB) return indexedDbLeases;
    } catch {
      // B9: if storage is denied, some browsers throw when it is accessed.
    }
    return pageLeases;
  },
  // biome-ignore lint/suspicious/noConsole: where a developer looks for a mistake in the options (B25)
  warn: (message) => console.warn(`authsocket: ${message}`),
  report: (error) =>
    queueMicrotask(() => {
      throw error;
    }),
};

/** Whether there is a page, or what stands for one in React Native. Without one, nothing starts automatically (B20). */
export function hasPage(platform: Platform): boolean {
  return platform.location() !== undefined || globalThis.navigator?.product === "ReactNative";
}

/**
 * Whose a page's requests are. A sandboxed frame is not of its location's origin, and `srcdoc` is of its parent's. Elsewhere a
 * script of the page may have a variable of that name (S1).
 */
export function originOf(page: Location): string {
  const { origin } = globalThis;
  const isFramed = origin === "null" || (page.origin === "null" && typeof origin === "string");
  return isFramed ? origin : page.origin;
}

/** What relative URLs are resolved by, as the browser does: a page may have a `<base>`. */
export function baseOf(page: Location | undefined): string | undefined {
  return globalThis.document?.baseURI ?? page?.href;
}
