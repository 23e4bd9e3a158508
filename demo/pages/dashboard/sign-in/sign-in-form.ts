import { element, setText } from "../elements/element.ts";
import { login } from "../server/demo-api.ts";
import type { DemoSocket } from "../server/demo-socket.ts";

export interface SignInForm {
  readonly node: HTMLElement;
  /** Why the form is there again, in words, or "". */
  explain(reason: string): void;
  focus(): void;
}

/** The demo's accounts: their passwords are public, the server prints them as well. */
const accounts = { alice: "wonderland", bob: "builder", admin: "overlook" };

/** Sign-in by name and password. What it gets from the server goes straight into the session. */
export function createSignInForm(session: DemoSocket["session"], onSignedIn: () => void): SignInForm {
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
      element("li", {}, "A token here lasts seconds, not hours. It is renewed before its end."),
      element(
        "li",
        {},
        "The new one goes over the live connection, which is never cut. No message goes missing.",
      ),
      element("li", {}, "Then break it yourself: refuse tokens, hang the refresh, go offline."),
    ),
  );
  const heading = element("h2", { id: "sign-in-heading" }, "Sign in");
  const node = element(
    "section",
    { id: "sign-in", class: "panel sign-in", "aria-labelledby": heading.id },
    element("div", { class: "sign-in-body" }, heading, reason, form),
    pitch,
  );
  return {
    node,
    explain(text) {
      setText(reason, text);
      reason.hidden = text === "";
    },
    focus: () => username.focus(),
  };
}
