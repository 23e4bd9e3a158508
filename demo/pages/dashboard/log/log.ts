import { element } from "../elements/element.ts";
import { createPanel } from "../elements/panel.ts";
import type { DemoSocket } from "../server/demo-socket.ts";
import { onUserGone } from "../state/session-watch.ts";
import type { Line } from "./lines.ts";

export interface Log {
  readonly node: HTMLElement;
  write(line: Line, at: number): void;
}

const capacity = 200;

/** What happened, newest first. Screen readers can read it, but do not announce it: the announcer does that. */
export function createLog(session: DemoSocket["session"]): Log {
  const list = element("ol", {
    class: "log-lines ruled",
    "data-testid": "log",
    role: "log",
    "aria-live": "off",
    "aria-label": "What happened, newest first",
    tabindex: 0,
  });
  // What happened to one user is not for the next.
  onUserGone(session, () => list.replaceChildren());
  return {
    node: createPanel("log", "Log", list),
    write({ tone, text }, at) {
      const instant = new Date(at);
      list.prepend(
        element(
          "li",
          { "data-tone": tone },
          element("time", { datetime: instant.toISOString() }, clockFormat.format(instant)),
          element("span", {}, text),
        ),
      );
      while (list.childElementCount > capacity) list.lastElementChild?.remove();
    },
  };
}

const clockFormat = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
