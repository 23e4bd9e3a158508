import { type UserSockets, userRoom } from "authsocket/server";
import type { Answer } from "../socket-events.ts";
import type { Accounts } from "./accounts.ts";
import { acknowledge } from "./acknowledgement.ts";
import type { Connections } from "./connections.ts";
import type { AdminSocket, DemoIo } from "./demo-io.ts";
import type { Nodes } from "./nodes.ts";

const MAX_TEXT_LENGTH = 500;

const isText = (value: unknown): value is string =>
  typeof value === "string" && value.length > 0 && value.length <= MAX_TEXT_LENGTH;

const refused = (error: string): Answer => ({ ok: false, error });

/** An order whose user exists; the rest of it is still to be checked. */
type Order = Readonly<Record<string, unknown>> & { readonly userId: string };

/** What an administrator may do to users. */
export class AdminConsole {
  readonly #io: DemoIo;
  readonly #nodes: Nodes;
  readonly #accounts: Accounts;
  readonly #connections: Connections;
  readonly #administrators: UserSockets;

  constructor(parts: {
    io: DemoIo;
    nodes: Nodes;
    accounts: Accounts;
    connections: Connections;
    administrators: UserSockets;
  }) {
    this.#io = parts.io;
    this.#nodes = parts.nodes;
    this.#accounts = parts.accounts;
    this.#connections = parts.connections;
    this.#administrators = parts.administrators;
  }

  serve(socket: AdminSocket): void {
    const serve =
      (action: (order: Order) => Answer | Promise<Answer>) =>
      (order: unknown, reply: unknown): void => {
        const answer = acknowledge<Answer>(reply);
        this.#obey(socket, order, action).then(answer, (error: unknown) => {
          console.error(error);
          answer(refused("Something went wrong on the server"));
        });
      };
    const { subject, claims } = socket.data.auth;

    socket.on(
      "message",
      serve(({ userId, text }) => {
        if (!isText(text)) return refused(`"text" must have 1 to ${MAX_TEXT_LENGTH} characters`);
        this.#io.to(userRoom(userId)).emit("note", { from: claims.username, text, at: Date.now() });
        return { ok: true };
      }),
    );
    socket.on(
      "disconnectUser",
      serve(async ({ userId, reason }) => {
        if (!isText(reason)) return refused(`"reason" must have 1 to ${MAX_TEXT_LENGTH} characters`);
        await this.#connections.endUser(userId, reason);
        return { ok: true };
      }),
    );
    socket.on(
      "suspend",
      serve(async ({ userId, suspended }) => {
        if (typeof suspended !== "boolean") return refused('"suspended" must be true or false');
        if (userId === subject) return refused("Nobody could lift your own suspension");
        await this.#accounts.change(userId, { suspended });
        if (suspended) await this.#connections.endUser(userId, "suspended");
        this.#nodes.tell("people");
        return { ok: true };
      }),
    );
    socket.on(
      "setRole",
      serve(async ({ userId, role }) => {
        if (role !== "user" && role !== "admin") return refused('"role" must be "user" or "admin"');
        await this.#accounts.change(userId, { role });
        this.#nodes.tell("people");
        return { ok: true };
      }),
    );
  }

  /** The role is looked up at each order: what the token says may be minutes old. */
  async #obey(
    socket: AdminSocket,
    order: unknown,
    action: (order: Order) => Answer | Promise<Answer>,
  ): Promise<Answer> {
    const { subject } = socket.data.auth;
    if (!(await this.isAdministrator(subject))) {
      // After the answer, which would not leave any more.
      setImmediate(() => {
        this.#administrators.disconnectUser(subject, "no administrator any more").catch(console.error);
      });
      return refused("You are no administrator any more");
    }
    const { userId } = Object(order) as { userId?: unknown };
    if (typeof userId !== "string" || !(await this.#accounts.find(userId))) return refused("No such user");
    return action({ ...Object(order), userId });
  }

  readonly isAdministrator = async (subject: string): Promise<boolean> => {
    const account = await this.#accounts.find(subject);
    return account?.role === "admin" && !account.suspended;
  };
}
