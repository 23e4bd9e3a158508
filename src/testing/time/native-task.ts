import { replaceTimers } from "./global-timers.ts";

interface NodeTimers {
  setImmediate?(callback: (...args: unknown[]) => void, ...args: unknown[]): unknown;
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

/** How many need the native `setImmediate()`, and what puts the fake ones back. */
let users = 0;
const restores: (() => void)[] = [];

/** Lets what waits by `setImmediate()` come, even if fake timers hold it back. The last of several users puts those back. */
export async function withNativeImmediate(run: () => Promise<unknown>): Promise<void> {
  const { setImmediate } = globalThis as NodeTimers;
  const native = original(setImmediate, "setImmediate");
  if (native && native !== setImmediate) {
    // A function of its own: if the native one itself is there later, fake timers that have ended put it there. They look at what
    // hangs on theirs as they end.
    const own: typeof native = (...args) => native(...args);
    restores.push(replaceTimers({ setImmediate: Object.assign(own, setImmediate) }));
  }
  users++;
  try {
    await run();
  } finally {
    users--;
    if (users === 0) for (const restore of restores.splice(0).reverse()) restore();
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
