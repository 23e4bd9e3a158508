import { element, setText } from "../elements/element.ts";
import { login } from "../server/demo-api.ts";
import type { DemoSocket } from "../server/demo-socket.ts";
import type { Revocation } from "../state/revocation.ts";
import { watchStage } from "../state/stage.ts";
import { errorWords, withReason } from "../state/status-words.ts";

/** The demo's accounts. Their passwords are public: the server prints them too. */
const accounts = { alice: "wonderland", bob: "builder", admin: "overlook" };

/**
 * Sign-in by name and password, shown while nobody is signed in. The server's answer goes straight into the session. If the
 * session has ended, the form says why.
 */
export function createSignInForm(
  session: DemoSocket["session"],
  revocation: Revocation,
  { onSignedIn }: { onSignedIn: () => void },
): HTMLElement {
  const username = element("input", {
    id: "username",
    name: "username",
    autocomplete: "username",
    autocapitalize: "none",
    spellcheck: "false",
    required: "",
    "aria-describedby": "sign-in-error",
  });
  const password = element("input", {
    id: "password",
    name: "password",
    type: "password",
    autocomplete: "current-password",
    required: "",
    "aria-describedby": "sign-in-error",
  });
  const reason = element("p", { class: "notice", "data-tone": "busy" });
  const error = element("p", { id: "sign-in-error", class: "field-error", role: "alert" });
  const submit = element("button", { class: "button primary" }, "Sign in");
  const quickFill = Object.entries(accounts).map(([name, secret]) => {
    const button = element("button", { type: "button", class: "button" }, name);
    button.addEventListener("click", () => {
      username.value = name;
      password.value = secret;
      submit.focus();
    });
    return button;
  });
  const form = element(
    "form",
    { class: "sign-in-form" },
    element("div", { class: "field" }, element("label", { for: username.id }, "Username"), username),
    element("div", { class: "field" }, element("label", { for: password.id }, "Password"), password),
    error,
    submit,
    element(
      "div",
      { class: "quick-fill", role: "group", "aria-label": "Fill in a demo account" },
      element("span", { class: "quiet" }, "Fill in a demo account:"),
      ...quickFill,
    ),
  );

  const complain = (text: string) => {
    setText(error, text);
    for (const input of [username, password]) input.setAttribute("aria-invalid", String(text !== ""));
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    complain("");
    submit.disabled = true;
    const answer = await login(username.value.trim(), password.value);
    submit.disabled = false;
    if (!answer.ok) {
      complain(answer.error);
      password.select();
      return;
    }
    password.value = "";
    await session.signIn({ accessToken: answer.accessToken, expiresAt: answer.expiresAt });
    onSignedIn();
  });

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
        "Access tokens last only seconds here. AuthSocket renews each one before it expires.",
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
    element("div", { class: "sign-in-body" }, heading, reason, form),
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
    if (takesFocus) username.focus();
  });
  return node;
}

function hasFocus(root: Element | null): boolean {
  return root?.contains(document.activeElement) ?? false;
}
