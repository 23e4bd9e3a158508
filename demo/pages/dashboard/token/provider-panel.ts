import { element } from "../elements/element.ts";
import { createLesson } from "../elements/panel.ts";
import type { ProviderSettings } from "./page-settings.ts";

/** Who keeps the tokens on this page, in the place of the choice of stores. */
export function createProviderPanel({ client, renewsBefore }: ProviderSettings): HTMLElement {
  return createLesson(
    "provider",
    "Sending the token",
    "Who keeps the tokens",
    element(
      "p",
      {},
      `On this page, ${client} signs you in at an OpenID provider, keeps the tokens in sessionStorage and refreshes them ` +
        `${renewsBefore / 1_000} s before they expire.`,
    ),
    element(
      "p",
      { class: "quiet" },
      "The provider’s client announces each new token, and AuthSocket sends it over the open connection. If the server " +
        "refuses a token, AuthSocket asks the client for a new one. It stores nothing itself.",
    ),
    element(
      "p",
      { class: "quiet" },
      "The provider is a real one. It runs in the demo’s server and knows the same accounts. Each tab has a sign-in of its own.",
    ),
  );
}
