import { drawing, element } from "../elements/element.ts";
import type { Tone } from "../elements/tone.ts";
import type { ProviderSettings } from "../token/page-settings.ts";
import { signOf } from "./timeline-drawing.ts";
import type { Mark } from "./timeline-model.ts";
import { paintOf } from "./timeline-patterns.ts";

/** What the patterns and the signs of the picture mean. */
export function createLegend(provider: ProviderSettings | undefined): HTMLElement {
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
