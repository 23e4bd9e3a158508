import { element } from "./element.ts";

/** A card of the dashboard: a region named by its heading. `id` must be unique in the page. */
export function createPanel(id: string, title: string, ...children: readonly (Node | string)[]): HTMLElement {
  const heading = element("h2", { id: `${id}-heading` }, title);
  return element(
    "section",
    { id, class: `panel ${id}`, "aria-labelledby": heading.id },
    heading,
    ...children,
  );
}
