import { replaceTimers } from "./global-timers.ts";

interface NodeTimers {
  setImmediate?(callback: () => void): unknown;
}

/** Fake timers keep what they stand in for beside their clock. */
interface Faked {
  clock?: Record<string, unknown>;
}

/**
 * Waits for a real task of the event loop, and so for every microtask before it, even if fake timers are on. It looks the real timer up
 * at each call, because fake timers come and go.
 */
export function nativeTask(): Promise<void> {
  return new Promise((resolve) => schedule(resolve));
}

/** Throws in a task of its own, as what a listener throws would be: an uncaught error. */
export function throwLater(error: unknown): void {
  schedule(() => {
    throw error;
  });
}

/** Lets what waits by `setImmediate()` come, even if fake timers hold it back. */
export async function withNativeImmediate(run: () => Promise<unknown>): Promise<void> {
  const { setImmediate } = globalThis as NodeTimers;
  const native = original(setImmediate, "setImmediate");
  const restore = native === setImmediate ? undefined : replaceTimers({ setImmediate: native });
  try {
    await run();
  } finally {
    restore?.();
  }
}

function schedule(callback: () => void): void {
  const { process } = globalThis as {
    process?: { getBuiltinModule?(name: string): NodeTimers | undefined };
  };
  // Jest's jsdom has no setImmediate of its own, and its setTimeout takes a millisecond at the least.
  const timers = process?.getBuiltinModule?.("node:timers") ?? (globalThis as NodeTimers);
  const setImmediate = original(timers.setImmediate, "setImmediate");
  if (setImmediate) {
    setImmediate(callback);
  } else if (typeof MessageChannel === "function") {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      callback();
    };
    port2.postMessage(null);
  } else {
    original(globalThis.setTimeout, "setTimeout")?.(callback, 0);
  }
}

function original<Timer extends (...args: never[]) => unknown>(
  timer: Timer | undefined,
  name: string,
): Timer | undefined {
  const { clock } = Object(timer) as Faked;
  return clock ? (clock[`_${name}`] as Timer | undefined) : timer;
}
