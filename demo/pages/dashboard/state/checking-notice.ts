import type { SessionState } from "authsocket";
import { element, setText } from "../elements/element.ts";
import { againWords, errorWords } from "./status-words.ts";

export interface CheckingNotice {
  readonly node: HTMLElement;
  show(session: SessionState, now: number): void;
}

/** Stands where the sign-in form would: until the server has said whether this browser is signed in, neither is known. */
export function createCheckingNotice(): CheckingNotice {
  const text = element("p", {});
  return {
    node: element("section", { class: "panel checking", "aria-label": "Session check" }, text),
    show(session, now) {
      setText(
        text,
        session.status === "waiting"
          ? `${errorWords(session.error)} ${againWords(session.retryAt, now)}`
          : "Checking your session…",
      );
    },
  };
}
