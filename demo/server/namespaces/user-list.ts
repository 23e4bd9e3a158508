import type { Device } from "authsocket/server";
import Bowser from "bowser";
import type { DeviceView, UserView } from "../../socket-events.ts";
import type { Accounts } from "../people/accounts.ts";
import type { AdminNamespace } from "../sockets/demo-io.ts";
import type { Nodes } from "../sockets/nodes.ts";
import { Recount } from "./recount.ts";

/** How often the list is made again without any news, in ms: a node that was killed sends none. */
const INTERVAL = 5_000;
const MAX_USER_AGENT_LENGTH = 512;

export interface UserListOptions {
  accounts: Accounts;
  devices: (subject: string) => Promise<Device[]>;
}

/** Sends this node's administrators the list of users and their devices, at each change on any node, and tells who has left. */
export class UserList {
  readonly #admin: AdminNamespace;
  readonly #options: UserListOptions;
  readonly #recount = new Recount(() => this.#show());
  readonly #timer: NodeJS.Timeout;
  #shown: readonly UserView[] = [];
  /** An administrator has just connected and has not got the list. */
  #awaited = false;

  constructor(admin: AdminNamespace, nodes: Nodes, options: UserListOptions) {
    this.#admin = admin;
    this.#options = options;
    nodes.on("people", this.#recount.changed);
    admin.on("connection", () => {
      this.#awaited = true;
      this.#recount.changed();
    });
    this.#timer = setInterval(this.#recount.changed, INTERVAL);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #show(): Promise<void> {
    if (this.#admin.sockets.size === 0) {
      this.#shown = [];
      return;
    }
    const accounts = await this.#options.accounts.all();
    const users = await Promise.all(
      accounts.map(async (account) => ({
        ...account,
        devices: (await this.#options.devices(account.id)).map(view).sort((a, b) => a.since - b.since),
      })),
    );
    const before = this.#shown;
    this.#shown = users;
    for (const { id, username, devices } of users) {
      const was = before.find((user) => user.id === id);
      if (devices.length === 0 && was && was.devices.length > 0)
        this.#admin.local.emit("left", { id, username, at: Date.now() });
    }
    if (!this.#awaited && JSON.stringify(users) === JSON.stringify(before)) return;
    this.#awaited = false;
    this.#admin.local.emit("users", users);
  }
}

function view({ id, userAgent, connectedAt }: Device): DeviceView {
  return { id, browser: inWords(userAgent), since: connectedAt };
}

function inWords(userAgent: string | undefined): string {
  if (!userAgent) return "an unknown device";
  const { browser, os } = Bowser.parse(userAgent.slice(0, MAX_USER_AGENT_LENGTH));
  const [name, system] = [browser.name || "an unknown browser", os.name || "an unknown system"];
  return `${name} on ${system}`;
}
