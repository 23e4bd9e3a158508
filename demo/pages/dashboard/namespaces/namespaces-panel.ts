import type { AuthSocketState } from "authsocket";
import { element } from "../elements/element.ts";
import { createLesson } from "../elements/panel.ts";
import type { DemoSocket } from "../server/demo-socket.ts";
import { createStatusBadge } from "../state/status-badge.ts";
import { type StatusWords, socketWords } from "../state/status-words.ts";
import type { AdminDoor } from "./admin-door.ts";
import type { GuestSocket } from "./guests.ts";

export interface NamespacesPanel {
  readonly node: HTMLElement;
  draw(now: number): void;
}

/** The namespaces on this one connection, who may use each, and its state. */
export function createNamespacesPanel(
  auth: DemoSocket,
  guest: GuestSocket,
  admin: AdminDoor,
): NamespacesPanel {
  const rows = {
    public: createRow("public", "/public", "everybody, without a token"),
    default: createRow("default", "/", "signed-in users"),
    admin: createRow("admin", "/admin", "administrators"),
  };
  const enter = element("button", { type: "button", class: "button" }, "Connect to /admin");
  enter.addEventListener("click", () => admin.enter());
  return {
    node: createLesson(
      "namespaces",
      "Namespaces",
      "One connection, three namespaces",
      element(
        "table",
        { class: "doors" },
        element(
          "thead",
          {},
          element(
            "tr",
            {},
            ...["Namespace", "Who can connect", "State"].map((title) =>
              element("th", { scope: "col" }, title),
            ),
          ),
        ),
        element("tbody", {}, ...Object.values(rows).map(({ node }) => node)),
      ),
      element(
        "p",
        { class: "quiet" },
        "If you are not an administrator, the server refuses you with insufficient_scope. AuthSocket does not fetch a new " +
          "token for this: the state becomes refused, with the code forbidden. It tries again with the next token, because " +
          "your role may have changed.",
      ),
      element("div", { class: "actions" }, enter),
    ),
    draw(now) {
      rows.public.show(
        guest.connected ? "connected" : "connecting",
        guest.connected
          ? { label: "Connected", tone: "good", detail: "as a guest" }
          : { label: "Not connected", tone: "quiet", detail: "" },
      );
      rows.default.show(auth.state.status, socketWords(auth.state, now));
      const { state } = admin;
      rows.admin.show(state.status, doorWords(state, now));
      enter.disabled = state.status === "connected" || state.status === "connecting";
    },
  };
}

/** A refusal is shown with its code, because that is what an app decides by. */
function doorWords(state: AuthSocketState, now: number): StatusWords {
  const words = socketWords(state, now);
  return state.status === "refused" ? { ...words, label: `Refused: ${state.error.code}` } : words;
}

function createRow(id: string, namespace: string, admitted: string) {
  const { badge, detail, show } = createStatusBadge(`door-${id}`);
  return {
    node: element(
      "tr",
      {},
      element("th", { scope: "row" }, element("code", {}, namespace)),
      element("td", {}, admitted),
      element("td", {}, badge, detail),
    ),
    show,
  };
}
