import { fakeClock } from "./fake-timers.ts";
import { dateBy, replaceTimers } from "./global-timers.ts";
import { SkippableTime } from "./skippable-time.ts";
import type { Timeline } from "./timeline.ts";

/** Timers and a Date that replace the global ones. Time passes automatically, and can be skipped. */
export class StandInTimers implements Timeline {
  static #current: StandInTimers | undefined;
  static #users = 0;

  readonly #time = new SkippableTime();
  readonly #date = dateBy(this.#time.now);
  readonly #restore: () => void;

  /** The ones that stand in already, or new ones. Each `open()` wants its `close()`. */
  static open(): StandInTimers {
    StandInTimers.#users++;
    StandInTimers.#current ??= new StandInTimers();
    return StandInTimers.#current;
  }

  private constructor() {
    const { setTimeout, setInterval, clearTimeout } = this.#time;
    const clearInterval = clearTimeout;
    this.#restore = replaceTimers({
      setTimeout,
      clearTimeout,
      setInterval,
      clearInterval,
      Date: this.#date,
    });
  }

  async flush(): Promise<void> {
    this.#check();
    this.#time.flush();
  }

  async advance(ms: number, calm: () => Promise<void>): Promise<void> {
    if (StandInTimers.#current !== this) return; // closed meanwhile
    this.#check();
    const date = globalThis.Date as DateConstructor & { _isMockFunction?: boolean };
    // A spy calls what it spies on.
    if (date !== this.#date && !date._isMockFunction && !this.#time.moves(date)) {
      throw new Error(
        "Date was replaced after createTestServer(), so it cannot be advanced: call vi.setSystemTime() before it",
      );
    }
    await this.#time.skip(ms, calm);
  }

  close(): void {
    StandInTimers.#users--;
    if (StandInTimers.#users > 0) return;
    StandInTimers.#current = undefined;
    this.#time.close();
    this.#restore();
  }

  #check(): void {
    if (!fakeClock()) return;
    throw new Error(
      "fake timers were turned on after createTestServer(): call useFakeTimers() before it, or not at all",
    );
  }
}
