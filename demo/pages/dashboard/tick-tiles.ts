import { element, setText } from "./element.ts";
import { createPanel } from "./panel.ts";
import type { TickCount } from "./tick-counter.ts";

export interface TickTiles {
  readonly node: HTMLElement;
  show(count: TickCount): void;
}

/** The count of ticks: what came, what is missing, what came twice. The last two are to stay at nought. */
export function createTickTiles(): TickTiles {
  const received = tile("Received", "ticks-received");
  const lost = tile("Lost", "ticks-lost");
  const duplicated = tile("Duplicated", "ticks-duplicated");
  return {
    node: createPanel(
      "ticks",
      "Ticks",
      element("dl", { class: "tiles" }, received.node, lost.node, duplicated.node),
      element(
        "p",
        { class: "quiet" },
        "The server numbers one tick a second for you. Every one must come, once.",
      ),
    ),
    show(count) {
      received.show(count.received, "good");
      lost.show(count.missing.size, count.missing.size > 0 ? "bad" : "quiet");
      duplicated.show(count.duplicated, count.duplicated > 0 ? "bad" : "quiet");
    },
  };
}

function tile(title: string, testId: string) {
  const value = element("dd", { "data-testid": testId }, "0");
  return {
    node: element("div", { class: "tile" }, element("dt", {}, title), value),
    show(count: number, tone: string) {
      value.dataset.tone = tone;
      setText(value, String(count));
    },
  };
}
