import { element } from "../elements/element.ts";
import { createLesson } from "../elements/panel.ts";
import type { Line } from "../log/lines.ts";
import type { AdminSocket } from "../server/demo-socket.ts";
import { createStatusBadge } from "../state/status-badge.ts";
import { socketWords } from "../state/status-words.ts";
import { createUserCard, type UserCard } from "./user-card.ts";

export interface Console {
  readonly node: HTMLElement;
  /** From now on the console shows what comes over this connection, and sends its orders there. */
  attach(admin: AdminSocket): void;
  draw(now: number): void;
  /** Forgets everybody: what an administrator saw is not for the next user. */
  clear(): void;
}

/** The administrator's console: everybody with an account, live, and what can be done to each. */
export function createConsole(write: (line: Line) => void): Console {
  let admin: AdminSocket | undefined;
  const badge = createStatusBadge("/admin", "console-status");
  const list = element("div", { class: "user-cards" });
  const cards = new Map<string, UserCard>();
  return {
    node: createLesson(
      "console",
      "6 · Disconnecting, 8 · Devices",
      "Console",
      element(
        "p",
        { class: "quiet" },
        "Your role is looked up again at each order: a demoted administrator’s next one is refused, and the connection " +
          "with it. A suspension keeps a user out, sign-in and refresh included, until it is lifted.",
      ),
      badge.node,
      list,
    ),
    attach(attached) {
      admin = attached;
      const { socket } = attached;
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
        // The order of their names, whichever the server has; what has its place already is not moved, nor its focus lost.
        const inOrder = [...users].sort((a, b) => a.username.localeCompare(b.username));
        for (const [index, { id }] of inOrder.entries()) {
          const node = cards.get(id)?.node;
          if (node && list.children[index] !== node) list.insertBefore(node, list.children[index] ?? null);
        }
      });
      socket.on("left", ({ username }) => {
        write({ tone: "quiet", text: `${username} is fully disconnected: the last device has left.` });
      });
    },
    draw(now) {
      const state = admin?.state ?? { status: "idle" as const };
      badge.show(state.status, socketWords(state, now));
      // While there is no connection nobody knows whether the list is true.
      list.toggleAttribute("data-stale", state.status !== "connected");
      for (const card of cards.values()) card.draw(now);
    },
    clear() {
      cards.clear();
      list.replaceChildren();
    },
  };
}
