import { element } from "../elements/element.ts";
import { createPanel } from "../elements/panel.ts";
import { createTiles } from "../elements/tiles.ts";
import type { TickCount } from "./tick-counter.ts";

export interface TickTiles {
  readonly node: HTMLElement;
  show(count: TickCount): void;
}

/** The count of ticks: what came, what is missing, what came twice. The last two are to stay at nought. */
export function createTickTiles(): TickTiles {
  const tiles = createTiles([
    { title: "Received", testId: "ticks-received" },
    { title: "Lost", testId: "ticks-lost" },
    { title: "Duplicated", testId: "ticks-duplicated" },
  ]);
  return {
    node: createPanel(
      "ticks",
      "Ticks",
      tiles.node,
      element(
        "p",
        { class: "quiet" },
        "The server numbers one tick a second for you. Every one must come, once.",
      ),
    ),
    show(count) {
      tiles.show("ticks-received", count.received, "good");
      tiles.show("ticks-lost", count.missing.size, count.missing.size > 0 ? "bad" : "quiet");
      tiles.show("ticks-duplicated", count.duplicated, count.duplicated > 0 ? "bad" : "quiet");
    },
  };
}
