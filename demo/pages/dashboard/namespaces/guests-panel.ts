import { element, setText } from "../elements/element.ts";
import { createLesson } from "../elements/panel.ts";
import { createTiles } from "../elements/tiles.ts";
import type { GuestSocket } from "./guests.ts";

/** What guests see without a token: how many people are connected, and the server's time. */
export function createGuestsPanel(guest: GuestSocket): HTMLElement {
  const tiles = createTiles([
    { title: "Guests", testId: "guests" },
    { title: "Signed in", testId: "users" },
  ]);
  guest.on("visitors", ({ guests, users }) => {
    tiles.show("guests", guests, "quiet");
    tiles.show("users", users, users > 0 ? "good" : "quiet");
  });
  const time = element("output", { class: "server-time", "data-testid": "server-time" }, "–");
  const ask = async () => {
    try {
      setText(time, clockFormat.format(new Date(await guest.timeout(5_000).emitWithAck("time"))));
    } catch {
      setText(time, "no answer");
    }
  };
  guest.on("connect", ask);
  const button = element("button", { type: "button", class: "button" }, "Ask the server’s time");
  button.addEventListener("click", () => void ask());
  return createLesson(
    "guests",
    "Namespaces",
    "Guests",
    tiles.node,
    element(
      "p",
      { class: "quiet" },
      "The namespace /public needs no token. A plain Socket.IO socket connects to it, on the same connection, whether you are signed in or not.",
    ),
    element("div", { class: "actions" }, button, time),
  );
}

const clockFormat = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
