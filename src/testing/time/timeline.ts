import { FakeTimers, fakeClock } from "./fake-timers.ts";
import { StandInTimers } from "./stand-in-timers.ts";

/** How the time of a test goes on. */
export interface Timeline {
  /** Runs the timers that are due at this instant. */
  flush(): Promise<void>;
  /**
   * Lets time pass, from timer to timer.
   *
   * @param calm awaited after each, so that what it has brought about is done before time goes on
   */
  advance(ms: number, calm: () => Promise<void>): Promise<void>;
  close(): void;
}

/** Fake timers where they are on, else timers of its own, which stand in for the global ones until it is closed. */
export function openTimeline(): Timeline {
  const clock = fakeClock();
  return clock ? new FakeTimers(clock) : StandInTimers.open();
}
