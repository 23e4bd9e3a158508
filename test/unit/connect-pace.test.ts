import { describe, expect, it } from "vitest";
import { ConnectPace } from "../../src/client/connection/connect-pace.ts";

const NOW = 1_000_000_000;

/** Connects at each of these ms, and answers until when each was put off, in ms. */
function connects(pace: ConnectPace, ...times: number[]): (number | undefined)[] {
  return times.map((ms) => {
    const at = pace.putOffUntil(NOW + ms);
    return at === undefined ? undefined : at - NOW;
  });
}

function failed(): ConnectPace {
  const pace = new ConnectPace();
  pace.failed();
  return pace;
}

describe("T13 how often the app connects", () => {
  const now = undefined;

  it("is free while no attempt has failed", () => {
    expect(connects(new ConnectPace(), 0, 0, 0, 0, 0)).toEqual([now, now, now, now, now]);
  });

  it("is three times in ten seconds where the last attempt has failed", () => {
    expect(connects(failed(), 0, 1, 2, 3, 9_999)).toEqual([now, now, now, 10_000, 10_000]);
  });

  it("is again once the first of the three was ten seconds ago", () => {
    expect(connects(failed(), 0, 4_000, 5_000, 10_000, 10_001)).toEqual([now, now, now, now, 14_000]);
  });

  it("does not count a call that was put off", () => {
    expect(connects(failed(), 0, 0, 0, 5_000, 10_000, 10_000, 10_000, 10_000)).toEqual([
      now,
      now,
      now,
      10_000,
      now,
      now,
      now,
      20_000,
    ]);
  });

  it("does not count, by a clock that was put back, what is still to come", () => {
    expect(connects(failed(), 1_000, 1_000, 1_000, 999)).toEqual([now, now, now, now]);
  });

  it("is free once the server accepts it, and counts on where it fails again", () => {
    const pace = failed();
    expect(connects(pace, 0, 0, 0, 0)).toEqual([now, now, now, 10_000]);
    pace.accepted();
    expect(connects(pace, 1, 1, 1, 1)).toEqual([now, now, now, now]);
    pace.failed();
    expect(connects(pace, 2)).toEqual([10_000]);
  });
});
