import { element, setText } from "./element.ts";
import type { Tone } from "./tone.ts";

export interface Tiles {
  readonly node: HTMLElement;
  show(testId: string, count: number, tone: Tone): void;
}

/** Large numbers side by side, each with its title. */
export function createTiles(tiles: readonly { readonly title: string; readonly testId: string }[]): Tiles {
  const values = new Map(
    tiles.map(({ testId }) => [testId, element("dd", { "data-testid": testId }, "0")] as const),
  );
  return {
    node: element(
      "dl",
      { class: "tiles" },
      ...tiles.map(({ title, testId }) =>
        element("div", { class: "tile" }, element("dt", {}, title), values.get(testId) ?? ""),
      ),
    ),
    show(testId, count, tone) {
      const value = values.get(testId);
      if (!value) return;
      value.dataset.tone = tone;
      setText(value, String(count));
    },
  };
}
