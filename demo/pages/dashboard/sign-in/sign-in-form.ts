import { element, setText } from "../elements/element.ts";
import { login } from "../server/demo-api.ts";
import type { DemoSocket } from "../server/demo-socket.ts";
import type { Revocation } from "../state/revocation.ts";
import { createSignInPanel } from "./sign-in-panel.ts";

/** The demo's accounts. Their passwords are public: the server prints them too. */
const accounts = { alice: "wonderland", bob: "builder", admin: "overlook" };

/** Sign-in by name and password. The server's answer goes straight into the session. */
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

  return createSignInPanel(session, revocation, { way: form, first: username });
}
