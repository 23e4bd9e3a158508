import type { AuthSocketState, SessionState } from "authsocket";
import { drawing, element, setText } from "../elements/element.ts";
import { createPanel } from "../elements/panel.ts";
import type { DemoSocket } from "../server/demo-socket.ts";
import type { ProviderSettings } from "../token/page-settings.ts";
import { gridOf, gutter, height, laneOf, lanes, markOf } from "./timeline-drawing.ts";
import { createLegend } from "./timeline-legend.ts";
import { emptyTimeline, enter, forgetBefore, type Mark, timelineWords } from "./timeline-model.ts";
import { createPatterns } from "./timeline-patterns.ts";

export interface TimelineView {
  readonly node: HTMLElement;
  /** Marks the present moment. */
  mark(kind: Mark["kind"]): void;
  draw(now: number): void;
}

/** How much of the past the picture shows, in ms. */
const timelineWindow = 120_000;

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
