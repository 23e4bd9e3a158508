import { onTestFinished, vi } from "vitest";

/**
 * For this test, time goes on by itself and can be skipped by `vi.advanceTimersByTimeAsync`, for servers in this process
 * too. Skip less than an engine's heartbeat, 25 s: it would miss it.
 */
export function useSkippableTime(): void {
  vi.useFakeTimers({ shouldAdvanceTime: true, toFake: ["setTimeout", "clearTimeout", "Date"] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
}
