import type { Answer, DeviceView, Role, UserView } from "../../../socket-events.ts";
import { element, setText } from "../elements/element.ts";
import { presenceWords, sinceWords } from "./people-words.ts";

/** What an administrator can do with one user. */
export interface UserOrders {
  message(text: string): Promise<Answer>;
  disconnectUser(reason: string): Promise<Answer>;
  suspend(suspended: boolean): Promise<Answer>;
  setRole(role: Role): Promise<Answer>;
}

export interface UserCard {
  readonly node: HTMLElement;
  show(user: UserView): void;
  draw(now: number): void;
}

/** One user in the administrators' console: the devices, and the orders. */
export function createUserCard(first: UserView, orders: UserOrders): UserCard {
  let user = first;
  const id = `user-${first.id}`;
  const name = element("h3", { id: `${id}-name` }, first.username);
  const role = element("span", { class: "pill", "data-testid": "role" });
  const suspended = element("span", { class: "pill", "data-tone": "bad" }, "suspended");
  const presence = element("p", { class: "presence", "data-testid": "presence" });
  const devices = element("ul", { class: "devices" });
  const answer = element("output", { class: "quiet" });

  const text = element("input", {
    id: `${id}-text`,
    maxlength: 200,
    autocomplete: "off",
    placeholder: "Message, or reason",
  });
  const button = (label: string, order: () => Promise<Answer>, done: () => string, tone = "") => {
    const node = element("button", { type: "button", class: `button small ${tone}`.trimEnd() }, label);
    node.addEventListener("click", async () => {
      const given = await ordered(order);
      setText(answer, given.ok ? done() : given.error);
    });
    return node;
  };
  const message = button(
    "Message all devices",
    async () => {
      const words = text.value.trim();
      if (words === "") {
        text.focus();
        return { ok: false, error: "Write the message first." };
      }
      text.value = "";
      return orders.message(words);
    },
    () => "Message sent.",
  );
  const disconnect = button(
    "Disconnect",
    () => {
      const reason = text.value.trim() || "Disconnected by an administrator";
      text.value = "";
      return orders.disconnectUser(reason);
    },
    () => "All devices disconnected.",
    "danger",
  );
  const suspend = button(
    "",
    () => orders.suspend(!user.suspended),
    () => "Done.",
    "danger",
  );
  const promote = button(
    "",
    () => orders.setRole(user.role === "admin" ? "user" : "admin"),
    () => "Done. The user’s next token has the new role.",
  );

  const views = new Map<string, { readonly node: HTMLElement; draw(now: number): void }>();
  const show = (next: UserView) => {
    user = next;
    setText(role, next.role === "admin" ? "administrator" : "user");
    role.dataset.tone = next.role === "admin" ? "renewing" : "quiet";
    suspended.hidden = !next.suspended;
    setText(presence, presenceWords(next));
    presence.dataset.tone = next.devices.length > 0 ? "good" : "quiet";
    setText(suspend, next.suspended ? "Lift the suspension" : "Suspend");
    setText(promote, next.role === "admin" ? "Make an ordinary user" : "Make an administrator");
    const present = new Set(next.devices.map((device) => device.id));
    for (const [key, { node }] of views) {
      if (present.has(key)) continue;
      node.remove();
      views.delete(key);
    }
    for (const device of next.devices) {
      if (views.has(device.id)) continue;
      const view = createDevice(device);
      devices.append(view.node);
      views.set(device.id, view);
    }
  };
  show(first);

  return {
    node: element(
      "article",
      { class: "user-card", "aria-labelledby": name.id, "data-user": first.username },
      element("header", {}, name, role, suspended),
      element("p", { class: "quiet" }, first.email),
      presence,
      devices,
      element("label", { for: text.id, class: "visually-hidden" }, `Message to ${first.username}, or reason`),
      text,
      element("div", { class: "actions" }, message, disconnect, suspend, promote),
      answer,
    ),
    show,
    draw(now) {
      for (const view of views.values()) view.draw(now);
    },
  };
}

function createDevice(device: DeviceView) {
  const since = element("span", { class: "quiet" });
  return {
    node: element("li", { class: "device" }, element("span", {}, device.browser), since),
    draw: (now: number) => setText(since, sinceWords(device, now)),
  };
}

/** An order has no answer if the connection ends first. */
async function ordered(order: () => Promise<Answer>): Promise<Answer> {
  try {
    return await order();
  } catch {
    return { ok: false, error: "The connection ended before the answer." };
  }
}
