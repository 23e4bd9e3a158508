import { element, setText } from "../elements/element.ts";
import type { DemoSocket } from "../server/demo-socket.ts";
import type { Revocation } from "../state/revocation.ts";
import type { ProviderSettings } from "../token/page-settings.ts";
import { createSignInPanel } from "./sign-in-panel.ts";

/** Sign-in at an identity provider: a button that leaves this page for the provider's. */
export function createProviderSignIn(
  session: DemoSocket["session"],
  revocation: Revocation,
  provider: ProviderSettings,
): HTMLElement {
  const button = element("button", { type: "button", class: "button primary" }, "Sign in with OpenID");
  const problem = element("p", { class: "field-error", role: "alert" });
  button.addEventListener("click", async () => {
    button.disabled = true;
    setText(problem, "");
    try {
      await provider.signIn();
    } catch {
      setText(problem, "The provider cannot be reached. Please try again.");
      button.disabled = false;
    }
  });
  const way = element(
    "div",
    { class: "sign-in-form" },
    element(
      "p",
      {},
      `The provider has a sign-in page of its own. ${provider.client} brings its tokens back to this page.`,
    ),
    button,
    problem,
    element("p", { class: "quiet" }, "The provider runs in the demo’s server and knows the demo’s accounts."),
  );
  return createSignInPanel(session, revocation, { way, first: button });
}
