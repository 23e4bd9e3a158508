import type { AuthSocketState, SessionState } from "authsocket";
import { drawing } from "../elements/element.ts";
import type { Tone } from "../elements/tone.ts";
import type { Mark, Span } from "./timeline-model.ts";
import { paintOf } from "./timeline-patterns.ts";

/** Sizes in px. A reconnect takes milliseconds: without a minimum width nobody would see it. */
export const gutter = 66;
const laneHeight = 30;
export const lanes = { session: 26, socket: 64 };
const axis = 112;
export const height = 120;
const leastWidth = 4;

const looks: Record<SessionState["status"] | AuthSocketState["status"], { tone: Tone; label: string }> = {
  signedIn: { tone: "good", label: "signed in" },
  connected: { tone: "good", label: "connected" },
  connecting: { tone: "busy", label: "connecting" },
  waiting: { tone: "busy", label: "waiting" },
  refreshing: { tone: "renewing", label: "refreshing" },
  unknown: { tone: "quiet", label: "not known yet" },
  signedOut: { tone: "quiet", label: "signed out" },
  idle: { tone: "quiet", label: "not connected" },
  refused: { tone: "bad", label: "refused" },
};

/** A lane of the picture. `place` answers where an instant is, in px. */
export function laneOf(
  spans: readonly Span<keyof typeof looks>[],
  y: number,
  place: (at: number) => number,
  width: number,
) {
  const long: SVGElement[] = [];
  const short: SVGElement[] = [];
  const labels: SVGElement[] = [];
  for (const span of spans) {
    const { tone, label } = looks[span.status];
    const start = place(span.start);
    const end = span.end === undefined ? width : place(span.end);
    const thin = end - start < leastWidth;
    const box = { x: start, y, width: thin ? leastWidth : end - start, height: laneHeight };
    // Short spans are drawn last, because their long neighbours would cover them.
    (thin ? short : long).push(
      drawing("rect", { ...box, class: "span", fill: paintOf(tone), "data-tone": tone }),
    );
    const from = Math.max(start, 0);
    if (end - from > label.length * 7 + 20) {
      const at = { x: from + 9, y: y + 19 };
      labels.push(drawing("text", { ...at, class: "span-label", "data-tone": tone }, label));
    }
  }
  return { spans: [...long, ...short], labels };
}

/** A mark across both lanes. */
export function markOf(kind: Mark["kind"], x: number): SVGElement {
  const line = drawing("line", { x1: x, x2: x, y1: 18, y2: lanes.socket + laneHeight });
  return drawing("g", { class: "mark", "data-kind": kind }, line, signOf(kind, x, 12));
}

const signs: Record<Mark["kind"], string> = {
  refresh: "M0 -6 L6 0 L0 6 L-6 0 Z",
  provider: "M0 -6 L6 0 L0 6 L-6 0 Z",
  adoption: "M0 -5.5 A5.5 5.5 0 1 1 0 5.5 A5.5 5.5 0 1 1 0 -5.5 Z",
  fault: "M-4.5 -4.5 L4.5 4.5 M4.5 -4.5 L-4.5 4.5",
};

/** The sign of a mark. */
export function signOf(kind: Mark["kind"], x: number, y: number): SVGElement {
  return drawing("path", { d: signs[kind], transform: `translate(${x} ${y})`, class: "mark-sign" });
}

/** The tracks of the lanes, and the axis below them. */
export function gridOf(width: number): SVGElement[] {
  const moments = [
    { share: 0, label: "2 min", anchor: "start" },
    { share: 0.5, label: "1 min", anchor: "middle" },
    { share: 1, label: "now", anchor: "end" },
  ];
  const tracks = Object.values(lanes).map((y) =>
    drawing("rect", { x: gutter, y, width, height: laneHeight, class: "track" }),
  );
  const labels = moments.map(({ share, label, anchor }) =>
    drawing("text", { x: gutter + share * width, y: axis, "text-anchor": anchor }, label),
  );
  return [...tracks, ...labels];
}
