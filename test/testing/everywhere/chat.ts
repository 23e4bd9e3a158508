// chat.ts
import { type AuthSocket, AuthSocketError, type TokenSet } from "authsocket";

const WORDS = {
  idle: "Not connected",
  connecting: "Connecting…",
  connected: "Connected",
  signedOut: "Please sign in",
  refused: "You were disconnected",
};

/** A chat with a sign-in form. Returns a function that removes it from the page. */
export function mountChat(page: HTMLElement, auth: AuthSocket, login: (name: string) => Promise<TokenSet>) {
  page.innerHTML = `
    <p role="status"></p>
    <form><label>Name <input name="name"></label> <button>Sign in</button></form>
    <form><ul></ul> <label>Message <input name="text"></label> <button>Send</button></form>
    <button>Try again</button>`;
  const [status, signIn, chat, again] = [...page.children] as [
    HTMLElement,
    HTMLFormElement,
    HTMLFormElement,
    HTMLElement,
  ];
  const name = signIn.querySelector("input") as HTMLInputElement;
  const text = chat.querySelector("input") as HTMLInputElement;
  const list = chat.querySelector("ul") as HTMLElement;
  page.replaceChildren(status);

  function say(words: string): HTMLElement {
    const item = page.ownerDocument.createElement("li");
    item.textContent = words;
    list.append(item);
    return item;
  }

  let user = auth.session.state.subject;

  function show(): void {
    const { state, session } = auth;
    const { subject } = session.state;
    if (subject !== undefined && subject !== user) {
      // The next user sees nothing of the previous user. The subject is undefined while nobody is signed in.
      user = subject;
      list.replaceChildren();
      text.value = "";
    }
    const error = state.error ? ` (${state.error.code})` : "";
    status.textContent = WORDS[state.status] + error;
    const form = state.status === "signedOut" ? signIn : chat;
    // If a form stays on the page, its input keeps the focus.
    if (form.parentNode !== page) page.replaceChildren(status, form);
    if (state.status === "refused") page.append(again);
    else again.remove();
  }

  signIn.addEventListener("submit", async (event) => {
    event.preventDefault();
    await auth.session.signIn(await login(name.value));
    signIn.reset();
  });

  chat.addEventListener("submit", async (event) => {
    event.preventDefault();
    const message = text.value;
    const item = say(`${message} (sending)`);
    text.value = "";
    try {
      await auth.socket.emitWithAck("message", message);
      item.textContent = message;
    } catch (error) {
      // An AuthSocketError means that the user has signed out or changed. Any other error means that the connection was lost:
      // the server may have handled the message or not.
      if (error instanceof AuthSocketError) item.remove();
      else item.textContent = `${message} (unconfirmed)`;
    }
  });

  again.addEventListener("click", () => auth.connect());
  const hear = (words: string) => say(words);
  auth.socket.on("news", hear);
  const unsubscribe = auth.subscribe(show);
  show();
  return () => {
    unsubscribe();
    auth.socket.off("news", hear);
    page.replaceChildren();
  };
}
