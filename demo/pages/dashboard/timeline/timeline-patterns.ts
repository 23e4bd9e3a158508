import { drawing } from "../elements/element.ts";
import type { Tone } from "../elements/tone.ts";

const size = 8;

/** A pattern for each tone, so that spans can be distinguished without colours. */
export function createPatterns(): SVGDefsElement {
  const strokes: Record<Tone, string> = {
    good: "",
    busy: "M-2 2 L2 -2 M0 8 L8 0 M6 10 L10 6",
    renewing: "M2 2 h0.01 M6 6 h0.01",
    quiet: "M0 4 H8",
    bad: "M0 0 L8 8 M8 0 L0 8",
  };
  const patterns = Object.entries(strokes).map(([tone, path]) =>
    drawing(
      "pattern",
      { id: `tone-${tone}`, width: size, height: size, patternUnits: "userSpaceOnUse", "data-tone": tone },
      drawing("rect", { width: size, height: size, class: "pattern-ground" }),
      drawing("path", { d: path, class: "pattern-stroke" }),
    ),
  );
  return drawing("defs", {}, ...patterns);
}

/** The fill of a tone. For an attribute: in a style sheet, `url(#…)` would refer to the style sheet. */
export function paintOf(tone: Tone): string {
  return `url(#tone-${tone})`;
}
