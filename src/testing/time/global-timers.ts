type Callback = (...args: unknown[]) => void;

/** What a program knows the time by. */
export interface GlobalTimers {
  setTimeout(callback: Callback, ms?: number, ...args: unknown[]): unknown;
  clearTimeout(handle: unknown): void;
  setInterval(callback: Callback, ms?: number, ...args: unknown[]): unknown;
  clearInterval(handle: unknown): void;
  Date: DateConstructor;
}

/** The ones that are there now. */
export function globalTimers(): GlobalTimers {
  const world = globalThis as unknown as GlobalTimers;
  return {
    // A window's functions want the window as `this`.
    setTimeout: world.setTimeout.bind(globalThis),
    clearTimeout: world.clearTimeout.bind(globalThis),
    setInterval: world.setInterval.bind(globalThis),
    clearInterval: world.clearInterval.bind(globalThis),
    Date: world.Date,
  };
}

/**
 * Puts others in their place.
 *
 * @returns its undo, which leaves alone whoever has replaced them since
 */
export function replaceTimers(own: Partial<GlobalTimers> | { setImmediate: unknown }): () => void {
  const replaced = Object.entries(own).map(([name, value]) => {
    const descriptor = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: true });
    return { name, value, descriptor };
  });
  return () => {
    for (const { name, value, descriptor } of replaced) {
      if (Object.getOwnPropertyDescriptor(globalThis, name)?.value !== value) continue;
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
      else Reflect.deleteProperty(globalThis, name);
    }
  };
}

/** A Date that goes by another clock. Whoever replaces its `now`, as a spy does, leaves the native one as it is. */
export function dateBy(now: () => number): DateConstructor {
  const own = { now };
  const holder = (target: DateConstructor, key: PropertyKey) => (key === "now" ? own : target);
  return new Proxy(Date, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    apply: (target) => new target(now()).toString(),
    get: (target, key) => Reflect.get(holder(target, key), key),
    set: (target, key, value) => Reflect.set(holder(target, key), key, value),
    getOwnPropertyDescriptor: (target, key) => Reflect.getOwnPropertyDescriptor(holder(target, key), key),
    defineProperty: (target, key, descriptor) => Reflect.defineProperty(holder(target, key), key, descriptor),
  });
}
