import { element } from "../elements/element.ts";
import type { DemoSocket } from "../server/demo-socket.ts";
import { watchSession } from "../state/session-watch.ts";
import { sessionLine } from "./lines.ts";

/** A reconnect shorter than this is not announced. In ms. */
const patience = 2_000;

/**
 * A live region for screen readers. It announces the start and the end of a session, a lost connection and its return.
 * Renewals happen too often to be read out.
 */
export function createAnnouncer(auth: DemoSocket): HTMLElement {
  const node = element("p", { class: "visually-hidden", role: "status", "aria-live": "polite" });
  let timer: ReturnType<typeof setTimeout> | undefined;
  let lossAnnounced = false;
  const announce = (text: string) => {
    node.textContent = text;
  };
  watchSession(auth.session, (state, change) => {
    if (change?.kind === "started" || change?.kind === "ended")
      announce(sessionLine(change, state, Date.now()).text);
  });
  auth.subscribe(({ status }) => {
    if (status !== "connecting") {
      clearTimeout(timer);
      timer = undefined;
      if (lossAnnounced && status === "connected") announce("Connected again.");
      lossAnnounced = false;
    } else if (timer === undefined) {
      timer = setTimeout(() => {
        lossAnnounced = true;
        announce("There is no connection. Still trying.");
      }, patience);
    }
  });
  return node;
}
