import { describe, expect, it } from "vitest";
import {
  emptyTimeline,
  enter,
  forgetBefore,
  type Span,
  timelineWords,
} from "../../demo/pages/dashboard/timeline/timeline-model.ts";

type Status = "connected" | "connecting";

describe("the timeline of the demo", () => {
  it("closes the open span where the next status begins", () => {
    const lane = enter<Status>(enter<Status>([], "connecting", 10), "connected", 25);
    expect(lane).toEqual([
      { status: "connecting", start: 10, end: 25 },
      { status: "connected", start: 25 },
    ]);
  });

  it("leaves the lane as it is when the status is the same again", () => {
    const lane = enter<Status>([], "connected", 10);
    expect(enter(lane, "connected", 50)).toBe(lane);
  });

  it("never lets a span end before it starts, though the clock jump back", () => {
    expect(enter<Status>([{ status: "connected", start: 100 }], "connecting", 40)).toEqual([
      { status: "connected", start: 100, end: 100 },
      { status: "connecting", start: 100 },
    ]);
  });

  it("forgets what is over, and keeps the open span however old", () => {
    const timeline = {
      ...emptyTimeline,
      session: [{ status: "signedIn", start: 0 } as const],
      socket: [
        { status: "connecting", start: 0, end: 10 } as const,
        { status: "connected", start: 10, end: 60 } as const,
        { status: "connecting", start: 60 } as const,
      ],
      marks: [{ kind: "refresh", at: 40 } as const, { kind: "fault", at: 55 } as const],
    };
    const kept = forgetBefore(timeline, 50);
    expect(kept.session).toHaveLength(1);
    expect(kept.socket.map((span) => span.start)).toEqual([10, 60]);
    expect(kept.marks).toEqual([{ kind: "fault", at: 55 }]);
  });
});

describe("the timeline in words", () => {
  const socket = (...spans: readonly Span<Status>[]) => ({ ...emptyTimeline, socket: spans });

  it("tells the share of connected time within the window only", () => {
    const timeline = socket(
      { status: "connected", start: 0, end: 15_000 },
      { status: "connecting", start: 15_000, end: 20_000 },
      { status: "connected", start: 20_000 },
    );
    expect(timelineWords(timeline, 10_000, 30_000)).toBe(
      "In the last 20 s: connected 75 % of the time, 1 connection made, 0 new tokens.",
    );
  });

  it("never says 100 % while a moment is missing", () => {
    const timeline = socket({ status: "connecting", start: 0, end: 1 }, { status: "connected", start: 1 });
    expect(timelineWords(timeline, 0, 120_000)).toContain("connected 99.9 % of the time");
  });

  it("counts the renewals in the window", () => {
    const timeline = {
      ...socket({ status: "connected", start: 0 }),
      marks: [
        { kind: "refresh", at: 2_000 } as const,
        { kind: "refresh", at: 14_000 } as const,
        { kind: "fault", at: 15_000 } as const,
      ],
    };
    expect(timelineWords(timeline, 10_000, 20_000)).toContain("1 new token.");
  });

  it("says how many of the renewals came from another tab", () => {
    const timeline = {
      ...socket({ status: "connected", start: 0 }),
      marks: [{ kind: "refresh", at: 2_000 } as const, { kind: "adoption", at: 14_000 } as const],
    };
    expect(timelineWords(timeline, 0, 20_000)).toContain("2 new tokens, 1 of them from another tab.");
  });

  it("does not divide by the nothing that it has watched at first", () => {
    expect(timelineWords(emptyTimeline, -120_000, 0)).toBe("Recording has just started.");
  });
});
