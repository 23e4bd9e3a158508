import { element } from "../elements/element.ts";
import { createLesson } from "../elements/panel.ts";
import type { Line } from "../log/lines.ts";
import type { AdminDoor } from "../namespaces/admin-door.ts";
import type { DemoSocket } from "../server/demo-socket.ts";
import { onUserGone } from "../state/session-watch.ts";
import { createTitledStatus } from "../state/status-badge.ts";
import { socketWords } from "../state/status-words.ts";
import { createUserCard, type UserCard } from "./user-card.ts";

export interface Console {
  readonly node: HTMLElement;
  draw(now: number): void;
}

/** The administrators' console: everybody who has an account, live, and what can be done to each. */
export function createConsole(
  session: DemoSocket["session"],
  admin: AdminDoor,
  write: (line: Line) => void,
): Console {
  const badge = createTitledStatus("/admin", "console-status");
  const list = element("div", { class: "user-cards" });
  const cards = new Map<string, UserCard>();

  admin.onOpen(({ socket }) => {
    socket.on("users", (users) => {
      const present = new Set(users.map(({ id }) => id));
      for (const [id, card] of cards) {
        if (present.has(id)) continue;
        card.node.remove();
        cards.delete(id);
      }
      for (const user of users) {
        const card = cards.get(user.id);
        if (card) {
          card.show(user);
          continue;
        }
        const userId = user.id;
        const made = createUserCard(user, {
          message: (text) => socket.emitWithAck("message", { userId, text }),
          disconnectUser: (reason) => socket.emitWithAck("disconnectUser", { userId, reason }),
          suspend: (suspended) => socket.emitWithAck("suspend", { userId, suspended }),
          setRole: (role) => socket.emitWithAck("setRole", { userId, role }),
        });
        cards.set(userId, made);
      }
      // In the order of their names. A card that is in its place is not moved, because moving it would lose the focus.
      const inOrder = [...users].sort((a, b) => a.username.localeCompare(b.username));
      for (const [index, { id }] of inOrder.entries()) {
        const node = cards.get(id)?.node;
        if (node && list.children[index] !== node) list.insertBefore(node, list.children[index] ?? null);
      }
    });
    socket.on("left", ({ username }) => {
      write({
        tone: "quiet",
        text: `${username} has no more connections: the last device has disconnected.`,
      });
    });
  });
  // What an administrator saw is not for the next user.
  onUserGone(session, () => {
    cards.clear();
    list.replaceChildren();
  });

  return {
    node: createLesson(
      "console",
      "Disconnecting and devices",
      "Console",
      element(
        "p",
        { class: "quiet" },
        "The server checks your role for every command, and disconnects you here when you are no longer an administrator. A " +
          "suspended user cannot sign in, refresh or connect until you lift the suspension.",
      ),
      badge.node,
      list,
    ),
    draw(now) {
      const { state } = admin;
      badge.show(state.status, socketWords(state, now));
      // Without a connection the list can be out of date.
      list.toggleAttribute("data-stale", state.status !== "connected");
      for (const card of cards.values()) card.draw(now);
    },
  };
}
