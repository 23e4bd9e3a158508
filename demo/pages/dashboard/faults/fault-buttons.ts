import { element, setText } from "../elements/element.ts";
import { createPanel } from "../elements/panel.ts";
import { type FaultKind, orderFault } from "../server/demo-api.ts";

/** A fault: the button's label, what it does, and the text once the server has taken the order. */
interface Fault {
  readonly kind: FaultKind;
  readonly label: string;
  readonly explanation: string;
  readonly done: string;
}

const offlineTime = 8_000;

const faults: readonly Fault[] = [
  {
    kind: "expire-token",
    label: "Expire the token now",
    explanation: "The server refuses this token from now on and closes the connection.",
    done: "You made the server refuse the current token.",
  },
  {
    kind: "refresh-503",
    label: "Next refresh fails with 503",
    explanation: "The server is in trouble. AuthSocket tries again, and you stay signed in.",
    done: "You made the next refresh fail with 503.",
  },
  {
    kind: "refresh-hang",
    label: "Next refresh hangs",
    explanation: "The server does not answer. AuthSocket tries again after ten seconds.",
    done: "You made the next refresh hang.",
  },
  {
    kind: "refresh-401",
    label: "Next refresh fails with 401",
    explanation: "The server has ended your session. You have to sign in again.",
    done: "You made the next refresh fail with 401.",
  },
  {
    kind: "cut",
    label: "Cut the connection",
    explanation: "The network fails for a moment. AuthSocket reconnects.",
    done: "You cut the connection.",
  },
  {
    kind: "kick",
    label: "Kick",
    explanation: "The server disconnects you on purpose. AuthSocket does not reconnect by itself.",
    done: "You had yourself kicked.",
  },
  {
    kind: "offline",
    label: `Go offline for ${offlineTime / 1_000} s`,
    explanation: "Neither socket nor refresh gets through. Write a message meanwhile.",
    done: `You went offline for ${offlineTime / 1_000} s.`,
  },
];

/** The fault buttons. `onFault` is called with the label when one is pressed, before the server is asked. */
export function createFaultButtons(onFault: (label: string) => void): HTMLElement {
  const answer = element("p", { class: "fault-answer quiet", role: "status" }, "Nothing is broken.");
  const items = faults.map(({ kind, label, explanation, done }) => {
    const words = element("span", { id: `fault-${kind}-words`, class: "quiet" }, explanation);
    const button = element(
      "button",
      { type: "button", class: "button", "aria-describedby": words.id },
      label,
    );
    button.addEventListener("click", async () => {
      onFault(label);
      const taken = await orderFault(kind, kind === "offline" ? { ms: offlineTime } : undefined);
      setText(answer, taken ? done : "The server did not take the order. Are you offline?");
    });
    return element("li", {}, button, words);
  });
  return createPanel("faults", "Break things", element("ul", { class: "fault-list" }, ...items), answer);
}
