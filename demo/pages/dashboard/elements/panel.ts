import { element } from "./element.ts";

/** A card of the dashboard: a region that its heading names. `id` must be unique in the page. */
export function createPanel(id: string, title: string, ...children: readonly (Node | string)[]): HTMLElement {
  const heading = element("h2", { id: `${id}-heading` }, title);
  return element(
    "section",
    { id, class: `panel ${id}`, "aria-labelledby": heading.id },
    heading,
    ...children,
  );
}

/** A card that shows one technique of the lesson. The technique stands above the heading. */
export function createLesson(
  id: string,
  technique: string,
  title: string,
  ...children: readonly (Node | string)[]
): HTMLElement {
  const panel = createPanel(id, title, ...children);
  panel.prepend(element("p", { class: "technique" }, technique));
  return panel;
}
