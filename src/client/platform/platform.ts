import { indexedDbBoard, type LeaseBoard } from "./lease-board.ts";
import { onWakeUp } from "./wake-up.ts";

/** Everything that a client takes from the world around it, wrapped and never captured at import (B20). */
export interface Platform {
  /** ms since the epoch */
  now(): number;
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
  /** 0 ≤ random < 1 */
  random(): number;
  fetch: typeof fetch;
  onWakeUp: typeof onWakeUp;
  /** Where the page is; undefined outside a page. */
  location(): Location | undefined;
  /** What this origin's tabs share; undefined where there are no other tabs, or no way to agree with them. */
  leases(): LeaseBoard | undefined;
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
      return globalThis.indexedDB ? indexedDbBoard : undefined;
    } catch {
      return undefined; // B9: where storage is denied, some browsers throw at the sight of it
    }
  },
};
