import { element, setText } from "../elements/element.ts";
import type { DemoSocket } from "../server/demo-socket.ts";
import { watchStage } from "./stage.ts";
import { againWords, errorWords } from "./status-words.ts";

export interface CheckingNotice {
  readonly node: HTMLElement;
  draw(now: number): void;
}

/** Takes the place of the sign-in form until it is known whether somebody is signed in. */
export function createCheckingNotice(session: DemoSocket["session"]): CheckingNotice {
  const text = element("p", {});
  const node = element("section", { class: "panel checking", "aria-label": "Session check" }, text);
  watchStage(session, (stage) => {
    node.hidden = stage !== "checking";
  });
  return {
    node,
    draw(now) {
      const { state } = session;
      setText(
        text,
        state.status === "waiting"
          ? `${errorWords(state.error)} ${againWords(state.retryAt, now)}`
          : "Checking your session…",
      );
    },
  };
}
