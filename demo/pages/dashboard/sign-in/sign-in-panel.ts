import { element, setText } from "../elements/element.ts";
import type { DemoSocket } from "../server/demo-socket.ts";
import type { Revocation } from "../state/revocation.ts";
import { watchStage } from "../state/stage.ts";
import { errorWords, withReason } from "../state/status-words.ts";

/**
 * Shown while nobody is signed in. If a session has ended, it says why.
 * `way`: how to sign in. `first`: what gets the focus
 */
export function createSignInPanel(
  session: DemoSocket["session"],
  revocation: Revocation,
  { way, first }: { way: HTMLElement; first: HTMLElement },
): HTMLElement {
  const reason = element("p", { class: "notice", "data-tone": "busy" });
  const pitch = element(
    "div",
    { class: "pitch" },
    element("p", { class: "lead" }, "Watch one connection outlive its tokens."),
    element(
      "ol",
      { class: "steps" },
      element(
        "li",
        {},
        "Access tokens last only seconds here. AuthSocket refreshes each one before it expires.",
      ),
      element(
        "li",
        {},
        "The new token is sent over the open connection. The connection stays open, and no message is lost.",
      ),
      element("li", {}, "Then break things yourself: refuse the token, block the refresh, go offline."),
    ),
  );
  const heading = element("h2", { id: "sign-in-heading" }, "Sign in");
  const node = element(
    "section",
    { id: "sign-in", class: "panel sign-in", "aria-labelledby": heading.id },
    element("div", { class: "sign-in-body" }, heading, reason, way),
    pitch,
  );
  let before: string | undefined;
  watchStage(session, (stage, state) => {
    // Whoever was typing or pressing a button here would otherwise have no focus at all.
    const takesFocus = stage === "signedOut" && before !== stage && hasFocus(node.parentElement);
    before = stage;
    node.hidden = stage !== "signedOut";
    const error = state.status === "signedOut" ? state.error : undefined;
    setText(reason, error ? withReason(errorWords(error), revocation.reason) : "");
    reason.hidden = error === undefined;
    if (takesFocus) first.focus();
  });
  return node;
}

function hasFocus(root: Element | null): boolean {
  return root?.contains(document.activeElement) ?? false;
}
