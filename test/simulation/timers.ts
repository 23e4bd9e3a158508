import type { Platform } from "../../src/client/platform/platform.ts";
import { globalTimers, replaceTimers } from "../../src/testing/time/global-timers.ts";

type Timers = Pick<Platform, "setTimeout" | "clearTimeout">;

/**
 * Socket.IO's client takes its timers from the global object: while a tab is at work, they are the tab's.
 *
 * @returns its undo
 */
export function borrowTimers(current: () => Timers | undefined): () => void {
  const native = globalTimers();
  const borrowed = new WeakSet<object>();
  return replaceTimers({
    setTimeout: (callback, ms = 0, ...args) => {
      const tab = current();
      if (!tab) return native.setTimeout(callback, ms, ...args);
      const timer = Object(tab.setTimeout(() => callback(...args), ms));
      borrowed.add(timer);
      return timer;
    },
    clearTimeout: (timer) => {
      if (borrowed.has(Object(timer))) current()?.clearTimeout(timer);
      else native.clearTimeout(timer);
    },
  });
}
