import { setImmediate } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { StandInTimers } from "../../src/testing/time/stand-in-timers.ts";

/**
 * For this test, time goes on by itself and can be skipped, for servers in this process too. Skip less than an engine's heartbeat,
 * 25 s: it would miss it.
 *
 * @returns skips so many ms
 */
export function useSkippableTime(): (ms: number) => Promise<void> {
  const timers = StandInTimers.open();
  onTestFinished(() => timers.close());
  return (ms) => timers.advance(ms, () => setImmediate());
}
