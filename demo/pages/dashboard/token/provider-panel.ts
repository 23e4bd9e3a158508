import { element } from "../elements/element.ts";
import { createLesson } from "../elements/panel.ts";
import type { ProviderSettings } from "./page-settings.ts";

/** Who keeps the tokens on this page, in the place of the choice of stores. */
export function createProviderPanel({ client, renewsBefore }: ProviderSettings): HTMLElement {
  return createLesson(
    "provider",
    "3 · Client token sending",
    "Who keeps the tokens",
    element(
      "p",
      {},
      `On this page, ${client} signs you in at an OpenID provider, keeps the tokens in sessionStorage and renews them ` +
        `${renewsBefore / 1_000} s before they expire.`,
    ),
    element(
      "p",
      { class: "quiet" },
      "AuthSocket stores nothing. It is told of each new token and sends it over the open connection. When the server " +
        "refuses a token, AuthSocket asks for a new one.",
    ),
    element(
      "p",
      { class: "quiet" },
      "The provider is a real one. It runs in the demo’s server and knows the same accounts. Each tab has a sign-in of its own.",
    ),
  );
}
