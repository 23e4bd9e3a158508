import { element, setText } from "../elements/element.ts";
import { createPanel } from "../elements/panel.ts";
import { type FaultKind, orderFault } from "../server/demo-api.ts";

/** A fault: the button's label, what it does, and the text once the server has accepted the request. */
interface Fault {
  readonly kind: FaultKind;
  readonly label: string;
  readonly explanation: string;
  readonly done: string;
}

interface FaultGroup {
  readonly title: string;
  readonly faults: readonly Fault[];
}

/** How long those faults last that end by themselves. In ms. */
const duration = 8_000;
const seconds = `${duration / 1_000} s`;

const groups: readonly FaultGroup[] = [
  {
    title: "The server refuses",
    faults: [
      {
        kind: "expire-token",
        label: "Refuse the token as expired",
        explanation: "The server refuses this token. AuthSocket gets a new one and reconnects.",
        done: "The server refuses the current token.",
      },
      {
        kind: "verify-late",
        label: "Verify after accepting",
        explanation:
          "Like many servers, it accepts the connection, checks the token and then disconnects. AuthSocket gets a new token and reconnects.",
        done: "The server checks the current token only after it has accepted the connection.",
      },
      {
        kind: "keys-missing",
        label: `Key server down for ${seconds}`,
        explanation: "The server cannot check any token. AuthSocket keeps yours and tries again later.",
        done: `The server cannot check tokens for ${seconds}.`,
      },
      {
        kind: "refuse-role",
        label: `Refuse my role for ${seconds}`,
        explanation:
          "The server refuses you without saying why. AuthSocket tries one new token, then waits for the next. You stay signed in.",
        done: `The server refuses your role for ${seconds}.`,
      },
    ],
  },
  {
    title: "The refresh fails",
    faults: [
      {
        kind: "refresh-503",
        label: "Next refresh fails with 503",
        explanation: "The server has a problem. AuthSocket tries again, and you stay signed in.",
        done: "The next refresh will fail with 503.",
      },
      {
        kind: "refresh-403",
        label: "Firewall blocks next refresh",
        explanation:
          "A firewall answers with 403 and an HTML page. AuthSocket tries again, and you stay signed in.",
        done: "The next refresh will get a firewall’s 403.",
      },
      {
        kind: "refresh-hang",
        label: "Next refresh hangs",
        explanation: "The server does not answer. AuthSocket waits for a late answer, then tries again.",
        done: "The next refresh will hang.",
      },
      {
        kind: "refresh-401",
        label: "Next refresh fails with 401",
        explanation: "The server says that your session has ended. You have to sign in again.",
        done: "The next refresh will end your session.",
      },
    ],
  },
  {
    title: "The connection ends",
    faults: [
      {
        kind: "cut",
        label: "Drop the connection",
        explanation: "The network fails for a moment. AuthSocket reconnects.",
        done: "The connection was dropped.",
      },
      {
        kind: "offline",
        label: `Go offline for ${seconds}`,
        explanation: "The socket and the refresh are blocked. Write a message: it is sent afterwards.",
        done: `You are offline for ${seconds}.`,
      },
      {
        kind: "kick",
        label: "Kick",
        explanation:
          "The server disconnects you. If your token can be the reason, AuthSocket reconnects with a new one. If not, it stops.",
        done: "The server disconnected you.",
      },
    ],
  },
];

/** The fault buttons. `onFault` is called with the label when one is pressed, before the server is asked. */
export function createFaultButtons(onFault: (label: string) => void): HTMLElement {
  const answer = element("p", { class: "fault-answer quiet", role: "status" }, "Nothing is broken.");
  const createButton = ({ kind, label, explanation, done }: Fault) => {
    const name = element("span", { id: `fault-${kind}`, class: "fault-name" }, label);
    const words = element("span", { id: `fault-${kind}-words`, class: "quiet" }, explanation);
    const button = element(
      "button",
      { type: "button", class: "button fault", "aria-labelledby": name.id, "aria-describedby": words.id },
      name,
      words,
    );
    button.addEventListener("click", async () => {
      onFault(label);
      const taken = await orderFault(kind, { ms: duration });
      setText(answer, taken ? done : "The server did not accept the request. Are you offline?");
    });
    return element("li", {}, button);
  };
  return createPanel(
    "faults",
    "Break things",
    element(
      "div",
      { class: "fault-groups" },
      ...groups.map(({ title, faults }) =>
        element(
          "div",
          { class: "fault-group" },
          element("h3", {}, title),
          element("ul", {}, ...faults.map(createButton)),
        ),
      ),
    ),
    answer,
  );
}
