import { fakeClock } from "./fake-timers.ts";
import type { Timeline } from "./timeline.ts";

/** T19: a timer of more ms fires at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

const NAMES = ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"] as const;

type Callback = (...args: unknown[]) => void;

interface Timers {
  setTimeout(callback: Callback, ms?: number, ...args: unknown[]): unknown;
  clearTimeout(handle: unknown): void;
  setInterval(callback: Callback, ms?: number, ...args: unknown[]): unknown;
  clearInterval(handle: unknown): void;
  Date: DateConstructor;
}

interface Timer {
  /** ms since the epoch */
  at: number;
  ring(): void;
}

/**
 * Timers and a Date that replace the global ones. Time passes by itself, as always, and can be skipped. Each timer is a native
 * one too. So it still rings, and can still be cleared, after the global timers are restored.
 */
export class StandInTimers implements Timeline {
  static #current: StandInTimers | undefined;
  static #users = 0;

  readonly #replaced = new Map<string, PropertyDescriptor | undefined>();
  readonly #native: Timers;
  readonly #own: Timers;
  readonly #pending = new Map<number, Timer>();
  /** ms */
  #skipped = 0;
  /** Rings for those whose native timer would be late. */
  #alarm: unknown;

  /** The ones that stand in already, or new ones. Each `open()` wants its `close()`. */
  static open(): StandInTimers {
    StandInTimers.#users++;
    StandInTimers.#current ??= new StandInTimers();
    return StandInTimers.#current;
  }

  private constructor() {
    const world = globalThis as unknown as Timers;
    const { setTimeout, clearTimeout, setInterval, clearInterval } = world;
    this.#native = {
      // A window's functions want the window as `this`.
      setTimeout: setTimeout.bind(globalThis),
      clearTimeout: clearTimeout.bind(globalThis),
      setInterval: setInterval.bind(globalThis),
      clearInterval: clearInterval.bind(globalThis),
      Date: world.Date,
    };
    this.#own = {
      setTimeout: this.#setTimeout,
      clearTimeout: this.#clear,
      setInterval: this.#setInterval,
      clearInterval: this.#clear,
      Date: this.#date(),
    };
    for (const name of NAMES) {
      this.#replaced.set(name, Object.getOwnPropertyDescriptor(globalThis, name));
      const value = this.#own[name];
      Object.defineProperty(globalThis, name, {
        value,
        writable: true,
        configurable: true,
        enumerable: true,
      });
    }
  }

  async flush(): Promise<void> {
    this.#check();
    this.#ringUntil(this.#now());
  }

  async advance(ms: number, calm: () => Promise<void>): Promise<void> {
    this.#check();
    const end = this.#now() + Math.trunc(ms);
    try {
      for (let next = this.#next(end); next; next = this.#next(end)) {
        this.#skipTo(next.at);
        next.ring();
        await calm();
      }
      this.#skipTo(end);
    } finally {
      this.#setAlarm();
    }
  }

  close(): void {
    StandInTimers.#users--;
    if (StandInTimers.#users > 0) return;
    StandInTimers.#current = undefined;
    this.#native.clearTimeout(this.#alarm);
    this.#pending.clear();
    this.#skipped = 0;
    for (const [name, descriptor] of this.#replaced) {
      // Whoever has stood in since is not put out.
      const { value } = Object.getOwnPropertyDescriptor(globalThis, name) ?? {};
      if (value !== this.#own[name as keyof Timers]) continue;
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
      else Reflect.deleteProperty(globalThis, name);
    }
  }

  readonly #now = (): number => this.#native.Date.now() + this.#skipped;

  readonly #setTimeout: Timers["setTimeout"] = (callback, ms = 0, ...args) => {
    const ring = () => {
      this.#clear(handle);
      callback(...args);
    };
    const handle = this.#native.setTimeout(ring, ms);
    this.#pending.set(Number(handle), { at: this.#now() + delay(ms), ring });
    return handle;
  };

  readonly #setInterval: Timers["setInterval"] = (callback, ms = 0, ...args) => {
    const ring = () => {
      timer.at = this.#now() + Math.max(delay(ms), 1);
      callback(...args);
    };
    const handle = this.#native.setInterval(ring, ms);
    const timer = { at: this.#now() + Math.max(delay(ms), 1), ring };
    this.#pending.set(Number(handle), timer);
    return handle;
  };

  readonly #clear = (handle: unknown): void => {
    this.#native.clearTimeout(handle);
    this.#pending.delete(Number(handle));
  };

  #date(): DateConstructor {
    const now = this.#now;
    return new Proxy(this.#native.Date, {
      construct: (target, args, newTarget) =>
        Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
      apply: (target) => new target(now()).toString(),
      get: (target, key) => (key === "now" ? now : Reflect.get(target, key)),
    });
  }

  /** The earliest that is due by then; of several the first that was set. */
  #next(until: number): Timer | undefined {
    let earliest: Timer | undefined;
    for (const timer of this.#pending.values()) if (timer.at < (earliest?.at ?? until + 1)) earliest = timer;
    return earliest && earliest.at <= until ? earliest : undefined;
  }

  #ringUntil(instant: number): void {
    for (let next = this.#next(instant); next; next = this.#next(instant)) next.ring();
  }

  #skipTo(instant: number): void {
    this.#skipped += Math.max(instant - this.#now(), 0);
  }

  #setAlarm(): void {
    this.#native.clearTimeout(this.#alarm);
    this.#alarm = undefined;
    const next = this.#next(Number.POSITIVE_INFINITY);
    if (!next) return;
    const ring = () => {
      this.#ringUntil(this.#now());
      this.#setAlarm();
    };
    this.#alarm = this.#native.setTimeout(ring, Math.min(Math.max(next.at - this.#now(), 0), LONGEST_TIMER));
  }

  #check(): void {
    if (!fakeClock()) return;
    throw new Error(
      "fake timers were turned on after createTestServer(): call useFakeTimers() before it, or not at all",
    );
  }
}

/** Whole ms, as native timers count: a Date has no fractions. */
function delay(ms: number): number {
  return ms > 0 && ms <= LONGEST_TIMER ? Math.trunc(ms) : 0;
}
