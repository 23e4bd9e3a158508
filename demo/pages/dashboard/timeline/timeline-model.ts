import type { AuthSocketState, SessionState } from "authsocket";
import type { Renewal } from "../token/refresh-watch.ts";

/** A period in one status. Instants are in ms since the epoch. The present span has no end. */
export interface Span<Status extends string = string> {
  readonly status: Status;
  readonly start: number;
  readonly end?: number;
}

/** A moment that gets a mark across the lanes. */
export interface Mark {
  readonly kind: Renewal | "fault";
  readonly at: number;
}

/** What happened, oldest first: a lane for the session, a lane for the socket, and the marks across both. */
export interface Timeline {
  readonly session: readonly Span<SessionState["status"]>[];
  readonly socket: readonly Span<AuthSocketState["status"]>[];
  readonly marks: readonly Mark[];
}

export const emptyTimeline: Timeline = { session: [], socket: [], marks: [] };

/** Adds a span of `status` that begins at `at`. The same status again changes nothing. */
export function enter<Status extends string>(
  lane: readonly Span<Status>[],
  status: Status,
  at: number,
): readonly Span<Status>[] {
  const open = lane.at(-1);
  if (open === undefined) return [{ status, start: at }];
  if (open.status === status) return lane;
  // If the clock jumps back, a span must not end before it starts.
  const end = Math.max(open.start, at);
  return [...lane.slice(0, -1), { ...open, end }, { status, start: end }];
}

/** Removes what ended before `instant`, so that a page that is open for days does not grow. */
export function forgetBefore(timeline: Timeline, instant: number): Timeline {
  return {
    session: timeline.session.filter((span) => span.end === undefined || span.end >= instant),
    socket: timeline.socket.filter((span) => span.end === undefined || span.end >= instant),
    marks: timeline.marks.filter((mark) => mark.at >= instant),
  };
}

/** The timeline in one sentence, for those who cannot see the picture and those who want the numbers. */
export function timelineWords(timeline: Timeline, from: number, now: number): string {
  const begin = Math.max(from, timeline.socket[0]?.start ?? now);
  const watched = now - begin;
  if (watched < 1_000) return "Recording has just started.";
  let connected = 0;
  let starts = 0;
  for (const span of timeline.socket) {
    if (span.status !== "connected") continue;
    connected += Math.max(0, Math.min(span.end ?? now, now) - Math.max(span.start, begin));
    if (span.start >= begin) starts++;
  }
  const marks = timeline.marks.filter((mark) => mark.at >= begin);
  const adoptions = marks.filter((mark) => mark.kind === "adoption").length;
  const renewals = marks.filter((mark) => mark.kind !== "fault").length;
  const adopted = adoptions > 0 ? `, ${adoptions} of them from another tab` : "";
  return (
    `In the last ${secondsWords(watched)}: connected ${percentWords(connected / watched)} of the time, ` +
    `${countWords(starts, "connection")} made, ${countWords(renewals, "new token")}${adopted}.`
  );
}

function secondsWords(duration: number): string {
  return `${Math.round(duration / 1_000)} s`;
}

/** Rounds down, so that "100 %" means always. */
function percentWords(share: number): string {
  return `${Math.floor(share * 1_000) / 10} %`;
}

function countWords(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
