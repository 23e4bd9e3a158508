import { FakeTimers, fakeClock } from "./fake-timers.ts";
import { StandInTimers } from "./stand-in-timers.ts";
import type { Timeline } from "./timeline.ts";

/** Fake timers where they are on, else timers of its own, which stand in for the global ones until it is closed. */
export function openTimeline(): Timeline {
  const clock = fakeClock();
  return clock ? new FakeTimers(clock) : StandInTimers.open();
}
