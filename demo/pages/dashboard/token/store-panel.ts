import { element } from "../elements/element.ts";
import { createLesson } from "../elements/panel.ts";
import type { StoreSettings } from "./page-settings.ts";
import { searchWithStore, storeChoices } from "./token-stores.ts";

/**
 * Where the token is stored. Each choice is a link that reloads the page, because an AuthSocket keeps its store.
 *
 * @param end ends this page's AuthSocket: nothing may be stored any more
 */
export function createStorePanel({ storeName, store }: StoreSettings, end: () => void): HTMLElement {
  const choices = storeChoices.map(({ name, label, meaning }) => {
    const words = element("span", { id: `store-${name}-words`, class: "quiet" }, meaning);
    const link = element("a", { class: "choice", "aria-describedby": words.id }, label);
    const aim = () => {
      link.href = `${location.pathname}${searchWithStore(location.search, name)}${location.hash}`;
    };
    aim();
    if (name === storeName) link.setAttribute("aria-current", "true");
    link.addEventListener("click", (event) => {
      aim();
      // The page stays if the link is opened elsewhere.
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      end();
      // Otherwise a later return to this store would find an old token.
      void store.clear(false);
    });
    return element("li", {}, link, words);
  });
  return createLesson(
    "store",
    "Sending the token",
    "Where the token is kept",
    element("ul", { class: "choices" }, ...choices),
    element(
      "p",
      { class: "quiet" },
      "AuthSocket sends the token in the auth option, never in a URL. Choosing another store reloads the page.",
    ),
  );
}
