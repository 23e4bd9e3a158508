import type { Platform } from "../../src/client/platform/platform.ts";

type Timers = Pick<Platform, "setTimeout" | "clearTimeout">;

/**
 * Socket.IO's client takes its timers from the global object: while a tab is at work, they are the tab's.
 *
 * @returns its undo
 */
export function borrowTimers(current: () => Timers | undefined): () => void {
  const { setTimeout, clearTimeout } = globalThis;
  const mine = new WeakSet<object>();
  const set = (callback: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
    const tab = current();
    if (!tab) return setTimeout(callback, ms, ...args);
    const timer = Object(tab.setTimeout(() => callback(...args), ms));
    mine.add(timer);
    return timer;
  };
  const clear = (timer: unknown) => {
    if (mine.has(Object(timer))) current()?.clearTimeout(timer);
    else clearTimeout(timer as NodeJS.Timeout);
  };
  Object.assign(globalThis, { setTimeout: set, clearTimeout: clear });
  return () => {
    Object.assign(globalThis, { setTimeout, clearTimeout });
  };
}
