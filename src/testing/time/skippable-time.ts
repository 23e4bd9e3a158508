import type { Clock } from "./clock.ts";
import { delay, LONGEST_TIMER } from "./delay.ts";
import { type GlobalTimers, globalTimers } from "./global-timers.ts";
import { TimerQueue } from "./timer-queue.ts";

/** What Node's `promisify()` makes of a function that has this. */
const PROMISIFIED = Symbol.for("nodejs.util.promisify.custom");

/** What else a handle of Node's can do. */
interface NodeHandle {
  refresh(): unknown;
  hasRef(): boolean;
  ref(): unknown;
  unref(): unknown;
}

interface Timer {
  /** ms since the epoch */
  at: number;
  ring(): void;
}

/**
 * Time that passes automatically, as always, and can be skipped. Each timer is a native one too, with the native one's handle. So whoever
 * has the native `clearTimeout` can clear it, though `skip()` is told nothing of that.
 */
export class SkippableTime implements Clock {
  readonly #native: GlobalTimers = globalTimers();
  /** Whether these are Node's own, and not a page's whose handles are Node's. */
  readonly #areNodes = PROMISIFIED in globalThis.setTimeout;
  readonly #queue = new TimerQueue<Timer>();
  /** By their handles' keys. */
  readonly #timers = new Map<unknown, Timer>();
  /** ms */
  #skipped = 0;
  /** Rings for those whose native timer would be late. */
  #alarm: unknown;
  /** Handles that rang before their native timer, which is to be silent then, and whether that one kept the process alive. */
  readonly #early = new WeakMap<NodeHandle, boolean>();
  /** Handles that were cleared: they do not begin anew. */
  readonly #cleared = new WeakSet<object>();
  #isClosed = false;

  constructor() {
    const sleep = (ms: number, value: unknown) => new Promise((wake) => this.setTimeout(wake, ms, value));
    Object.assign(this.setTimeout, { [PROMISIFIED]: sleep });
  }

  /** How many timers are set. */
  get pending(): number {
    return this.#queue.size;
  }

  /** When the next timer rings, in ms since the epoch. */
  get next(): number | undefined {
    return this.#queue.next?.at;
  }

  readonly now = (): number => this.#native.Date.now() + this.#skipped;

  /** Whether a Date goes by this time, and what it makes too. It is tried for a second. */
  moves(date: DateConstructor): boolean {
    const instants = (): [number, number] => [date.now(), newest(date)];
    const [now, made] = instants();
    this.#skipped += 1_000;
    try {
      const [later, madeLater] = instants();
      return later - now >= 1_000 && madeLater - made >= 1_000;
    } finally {
      this.#skipped -= 1_000;
    }
  }

  readonly setTimeout: GlobalTimers["setTimeout"] = (callback, ms = 0, ...args) => {
    const rung = () => {
      this.#remove(handle);
      callback(...args);
    };
    const handle = this.#native.setTimeout(() => {
      if (!this.#early.has(handle as NodeHandle)) rung();
    }, ms);
    this.#start(handle, delay(ms), () => this.#ringEarly(handle, rung));
    return handle;
  };

  readonly setInterval: GlobalTimers["setInterval"] = (callback, ms = 0, ...args) => {
    const pause = Math.max(delay(ms), 1);
    const ring = () => {
      this.#remove(handle);
      this.#add(handle, pause, ring);
      callback(...args);
    };
    const handle = this.#native.setInterval(ring, ms);
    this.#start(handle, pause, ring);
    return handle;
  };

  readonly clearTimeout = (handle: unknown): void => {
    this.#native.clearTimeout(handle);
    this.#remove(handle);
    if (typeof handle === "object" && handle !== null) this.#cleared.add(handle);
  };

  /** Rings what is due. */
  flush(): void {
    const now = this.now();
    for (let next = this.#queue.take(now); next; next = this.#queue.take(now)) next.ring();
  }

  /** Lets so many ms pass at once, from timer to timer. */
  async skip(ms: number, calm: () => Promise<void>): Promise<void> {
    const end = this.now() + Math.trunc(ms);
    try {
      for (let next = this.#queue.take(end); next; next = this.#queue.take(end)) {
        this.#skipTo(next.at);
        next.ring();
        await calm();
      }
      this.#skipTo(end);
    } finally {
      this.#setAlarm();
    }
  }

  /** From now on it is the native time, and its timers are native ones. */
  close(): void {
    this.#isClosed = true;
    this.#native.clearTimeout(this.#alarm);
    this.#queue.takeAll();
    this.#timers.clear();
    this.#skipped = 0;
  }

  /** Node's handles can begin anew and be cleared too. */
  #start(handle: unknown, ms: number, ring: () => void): void {
    this.#add(handle, ms, ring);
    if (!isNodes(handle)) return;
    const { refresh } = handle;
    const clear = () => {
      this.clearTimeout(handle);
      return handle;
    };
    const restart = () => {
      if (this.#early.get(handle)) handle.ref();
      this.#early.delete(handle);
      refresh.call(handle);
      if (this.#isClosed || this.#cleared.has(handle)) return handle;
      this.#remove(handle);
      this.#add(handle, ms, ring);
      return handle;
    };
    const { dispose = "close" } = Symbol as { dispose?: symbol };
    Object.assign(handle, { refresh: restart, close: clear, [dispose]: clear });
  }

  /**
   * Its native timer is not to ring. If it can begin anew, it is only told so: one that was cleared is over for good. A page's must be
   * cleared: happy-dom's waitUntilComplete() waits for those that are not.
   */
  #ringEarly(handle: unknown, rung: () => void): void {
    if (!this.#areNodes || !isNodes(handle)) {
      this.#native.clearTimeout(handle);
      rung();
      return;
    }
    this.#early.set(handle, false); // it has not been unref'd yet
    try {
      rung();
    } finally {
      // Unless it has begun anew. Whether it keeps the process alive is known only now: its callback may call unref().
      if (this.#early.has(handle)) {
        this.#early.set(handle, handle.hasRef());
        handle.unref();
      }
    }
  }

  #add(handle: unknown, ms: number, ring: () => void): void {
    const timer = { at: this.now() + ms, ring };
    this.#timers.set(keyOf(handle), timer);
    this.#queue.add(timer);
  }

  #remove(handle: unknown): void {
    const timer = this.#timers.get(keyOf(handle));
    if (!timer) return;
    this.#timers.delete(keyOf(handle));
    this.#queue.delete(timer);
  }

  #skipTo(instant: number): void {
    if (!this.#isClosed) this.#skipped += Math.max(instant - this.now(), 0);
  }

  #setAlarm(): void {
    this.#native.clearTimeout(this.#alarm);
    this.#alarm = undefined;
    const { next } = this;
    if (next === undefined) return;
    const ring = () => {
      this.flush();
      this.#setAlarm();
    };
    this.#alarm = this.#native.setTimeout(ring, Math.min(Math.max(next - this.now(), 0), LONGEST_TIMER));
    // The native timers that it rings for decide whether the process goes on.
    if (isNodes(this.#alarm)) this.#alarm.unref();
  }
}

/** What `new Date()` says; one that is a mere function makes nothing. */
function newest(date: DateConstructor): number {
  try {
    return new date().getTime();
  } catch {
    return date.now();
  }
}

/** Node's handles are cleared by their numbers too. Some of happy-dom's have none. */
function keyOf(handle: unknown): unknown {
  return Number(handle) || handle;
}

function isNodes(handle: unknown): handle is NodeHandle {
  return typeof Object(handle).refresh === "function";
}
