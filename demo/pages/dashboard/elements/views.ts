import { element } from "./element.ts";

/** A part of the dashboard. One is shown at a time. */
export interface View {
  /** The address contains it as `#id`. */
  readonly id: string;
  readonly label: string;
  readonly panels: readonly HTMLElement[];
}

export interface Views {
  readonly nav: HTMLElement;
  readonly nodes: readonly HTMLElement[];
  /** Offers a view, or withdraws it. If it is shown when it is withdrawn, the first view is shown instead. */
  offer(id: string, offered: boolean): void;
  /** Moves the focus to the link of the view that is shown. */
  focus(): void;
}

/** Views with links. The address names the view that is shown, so that it can be bookmarked and "back" works. */
export function createViews(views: readonly View[]): Views {
  const withdrawn = new Set<string>();
  const entries = views.map(({ id, label, panels }) => {
    const link = element("a", { href: `#${id}` }, label);
    return {
      id,
      link,
      item: element("li", {}, link),
      node: element("div", { class: `view ${id}-view`, "data-view": id }, ...panels),
    };
  });

  const show = () => {
    const offered = entries.map(({ id }) => id).filter((id) => !withdrawn.has(id));
    const shown = shownView(offered, location.hash);
    for (const { id, link, item, node } of entries) {
      item.hidden = withdrawn.has(id);
      node.hidden = id !== shown;
      if (id === shown) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };
  addEventListener("hashchange", show);
  show();

  return {
    nav: element(
      "nav",
      { class: "views", "aria-label": "Sections" },
      element("ul", {}, ...entries.map(({ item }) => item)),
    ),
    nodes: entries.map(({ node }) => node),
    offer(id, offered) {
      if (offered) withdrawn.delete(id);
      else withdrawn.add(id);
      show();
    },
    focus: () => entries.find(({ node }) => !node.hidden)?.link.focus(),
  };
}

/** The view that an address names, or the first if that is not offered. */
export function shownView(offered: readonly string[], hash: string): string | undefined {
  const asked = hash.slice(1);
  return offered.includes(asked) ? asked : offered[0];
}
