import { element } from "../elements/element.ts";

/** A voice for screen readers that speaks of turning points only: renewals come too often to be read out. */
export interface Announcer {
  readonly node: HTMLElement;
  say(text: string): void;
  /** Says that the connection is lost once that has lasted, and that it is back where its loss was said. */
  connection(connected: boolean): void;
}

/** A reconnect shorter than this is not worth an interruption. In ms. */
const patience = 2_000;

export function createAnnouncer(): Announcer {
  const node = element("p", { class: "visually-hidden", role: "status", "aria-live": "polite" });
  let timer: ReturnType<typeof setTimeout> | undefined;
  let lossSaid = false;
  const say = (text: string) => {
    node.textContent = text;
  };
  return {
    node,
    say,
    connection(connected) {
      if (connected) {
        clearTimeout(timer);
        timer = undefined;
        if (lossSaid) say("Connected again.");
        lossSaid = false;
      } else if (timer === undefined) {
        timer = setTimeout(() => {
          lossSaid = true;
          say("There is no connection. Still trying.");
        }, patience);
      }
    },
  };
}
