import type { AuthSocketState, SessionState } from "authsocket";
import { drawing, element, setText } from "../elements/element.ts";
import { createPanel } from "../elements/panel.ts";
import type { Tone } from "../elements/tone.ts";
import type { DemoSocket } from "../server/demo-socket.ts";
import type { ProviderSettings } from "../token/page-settings.ts";
import { emptyTimeline, enter, forgetBefore, type Mark, type Span, timelineWords } from "./timeline-model.ts";
import { createPatterns, paintOf } from "./timeline-patterns.ts";

export interface TimelineView {
  readonly node: HTMLElement;
  /** Marks the present moment. */
  mark(kind: Mark["kind"]): void;
  draw(now: number): void;
}

/** How much of the past the picture shows, in ms. */
const timelineWindow = 120_000;

/** Sizes in px. A reconnect takes milliseconds: without a minimum width nobody would see it. */
const gutter = 66;
const laneHeight = 30;
const lanes = { session: 26, socket: 64 };
const axis = 112;
const height = 120;
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

/** The last two minutes as a picture that moves to the left. Its caption says the same in words. */
export function createTimeline(auth: DemoSocket, provider?: ProviderSettings): TimelineView {
  let timeline = emptyTimeline;
  const followSession = ({ status }: SessionState) => {
    timeline = { ...timeline, session: enter(timeline.session, status, Date.now()) };
  };
  const followSocket = ({ status }: AuthSocketState) => {
    timeline = { ...timeline, socket: enter(timeline.socket, status, Date.now()) };
  };
  auth.session.subscribe(followSession);
  auth.subscribe(followSocket);
  followSession(auth.session.state);
  followSocket(auth.state);

  const caption = element("figcaption", { id: "timeline-words" });
  const plot = drawing("svg", { x: gutter, height, class: "plot" });
  const grid = drawing("g", { class: "grid" });
  const picture = drawing(
    "svg",
    {
      class: "timeline-picture",
      height,
      role: "img",
      "aria-label": "Session and socket in the last two minutes",
      "aria-describedby": caption.id,
      "data-testid": "timeline",
    },
    createPatterns(),
    drawing("text", { x: 0, y: lanes.session + 20, class: "lane-name" }, "Session"),
    drawing("text", { x: 0, y: lanes.socket + 20, class: "lane-name" }, "Socket"),
    grid,
    plot,
  );
  let width = 0;
  new ResizeObserver(([entry]) => {
    width = Math.max(0, (entry?.contentRect.width ?? 0) - gutter);
    plot.setAttribute("width", String(width));
    grid.replaceChildren(...gridOf(width));
  }).observe(picture);

  return {
    node: createPanel(
      "timeline",
      "The last two minutes",
      element("figure", {}, picture, caption, createLegend(provider)),
    ),
    mark(kind) {
      timeline = { ...timeline, marks: [...timeline.marks, { kind, at: Date.now() }] };
    },
    draw(now) {
      timeline = forgetBefore(timeline, now - timelineWindow);
      const scale = width / timelineWindow;
      const place = (instant: number) => width - (now - instant) * scale;
      const session = laneOf(timeline.session, lanes.session, place, width);
      const socket = laneOf(timeline.socket, lanes.socket, place, width);
      const marks = timeline.marks.map((mark) => markOf(mark.kind, place(mark.at)));
      plot.replaceChildren(...session.spans, ...socket.spans, ...marks, ...session.labels, ...socket.labels);
      setText(caption, timelineWords(timeline, now - timelineWindow, now));
    },
  };
}

function laneOf(
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

function markOf(kind: Mark["kind"], x: number): SVGElement {
  const line = drawing("line", { x1: x, x2: x, y1: 18, y2: lanes.socket + laneHeight });
  return drawing("g", { class: "mark", "data-kind": kind }, line, signOf(kind, x, 12));
}

const signs: Record<Mark["kind"], string> = {
  refresh: "M0 -6 L6 0 L0 6 L-6 0 Z",
  provider: "M0 -6 L6 0 L0 6 L-6 0 Z",
  adoption: "M0 -5.5 A5.5 5.5 0 1 1 0 5.5 A5.5 5.5 0 1 1 0 -5.5 Z",
  fault: "M-4.5 -4.5 L4.5 4.5 M4.5 -4.5 L-4.5 4.5",
};

function signOf(kind: Mark["kind"], x: number, y: number): SVGElement {
  return drawing("path", { d: signs[kind], transform: `translate(${x} ${y})`, class: "mark-sign" });
}

function gridOf(width: number): SVGElement[] {
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

function createLegend(provider: ProviderSettings | undefined): HTMLElement {
  const spans: readonly [Tone, string][] = [
    ["good", "signed in, connected"],
    ["busy", "connecting, waiting"],
    ["renewing", "refreshing"],
    ["quiet", "signed out"],
    ["bad", "refused"],
  ];
  const renewals: readonly [Mark["kind"], string][] = provider
    ? [["provider", `refreshed by ${provider.client}`]]
    : [
        ["refresh", "refreshed by this tab"],
        ["adoption", "taken from another tab"],
      ];
  const marks: readonly [Mark["kind"], string][] = [...renewals, ["fault", "you broke something"]];
  return element(
    "ul",
    { class: "legend", "aria-label": "Legend" },
    ...spans.map(([tone, label]) =>
      legendItem(
        label,
        drawing("rect", { width: 22, height: 14, class: "span", fill: paintOf(tone), "data-tone": tone }),
      ),
    ),
    ...marks.map(([kind, label]) =>
      legendItem(label, drawing("g", { class: "mark", "data-kind": kind }, signOf(kind, 11, 7))),
    ),
  );
}

function legendItem(label: string, sign: SVGElement): HTMLElement {
  const swatch = drawing("svg", { width: 22, height: 14, "aria-hidden": "true" }, sign);
  return element("li", {}, swatch, label);
}
