import { element } from "../elements/element.ts";
import { createLesson } from "../elements/panel.ts";
import type { PageSettings } from "./page-settings.ts";
import { searchWithStore, storeChoices } from "./token-stores.ts";

/** Where the token lies, by choice. Each choice is a link, since an AuthSocket has one store for life. */
export function createStorePanel({ storeName, store }: PageSettings): HTMLElement {
  const choices = storeChoices.map(({ name, label, meaning }) => {
    const words = element("span", { id: `store-${name}-words`, class: "quiet" }, meaning);
    const link = element("a", { class: "choice", "aria-describedby": words.id }, label);
    const aim = () => {
      link.href = `${location.pathname}${searchWithStore(location.search, name)}${location.hash}`;
    };
    aim();
    if (name === storeName) link.setAttribute("aria-current", "true");
    link.addEventListener("click", () => {
      aim();
      // What lies in the store that is left would be found again by whoever comes back to it.
      void store.clear();
    });
    return element("li", {}, link, words);
  });
  return createLesson(
    "store",
    "3 · Client token sending",
    "Where the token is kept",
    element("ul", { class: "choices" }, ...choices),
    element(
      "p",
      { class: "quiet" },
      "From there it goes into the auth option, never into a URL. A choice loads the page anew.",
    ),
  );
}
