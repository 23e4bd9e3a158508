import { type UserSockets, userRoom } from "authsocket/server";
import type { Answer } from "../../socket-events.ts";
import type { Accounts } from "../people/accounts.ts";
import { acknowledge } from "../sockets/acknowledgement.ts";
import { type Connections, familyRoom } from "../sockets/connections.ts";
import type { AdminNamespace, DemoIo } from "../sockets/demo-io.ts";
import type { Nodes } from "../sockets/nodes.ts";

const MAX_TEXT_LENGTH = 500;

const isText = (value: unknown): value is string =>
  typeof value === "string" && value.length > 0 && value.length <= MAX_TEXT_LENGTH;

const refused = (error: string): Answer => ({ ok: false, error });

type Action = (order: Order) => Answer | Promise<Answer>;

/** An order about a user who exists. Its other properties are not checked yet. */
type Order = Readonly<Record<string, unknown>> & { readonly userId: string };

/**
 * "/admin": what administrators can do to users. The role is looked up at each order, because the role in the token can be
 * minutes old.
 */
export function serveAdministrators(
  admin: AdminNamespace,
  parts: {
    io: DemoIo;
    nodes: Nodes;
    accounts: Accounts;
    connections: Connections;
    administrators: UserSockets;
  },
): void {
  const { io, nodes, accounts, connections, administrators } = parts;

  async function obey(subject: string, order: unknown, action: Action): Promise<Answer> {
    if (!(await accounts.isAdministrator(subject))) {
      // After the answer: a socket that is disconnected sends nothing more.
      setImmediate(() => {
        administrators.disconnectUser(subject, "You are no longer an administrator").catch(console.error);
      });
      return refused("You are no longer an administrator");
    }
    const { userId } = Object(order) as { userId?: unknown };
    if (typeof userId !== "string" || !(await accounts.find(userId))) return refused("No such user");
    return action({ ...Object(order), userId });
  }

  admin.on("connection", (socket) => {
    const { subject, claims } = socket.data.auth;
    void socket.join(familyRoom(claims.familyId));
    const serve =
      (action: Action) =>
      (order: unknown, reply: unknown): void => {
        const answer = acknowledge<Answer>(reply);
        obey(subject, order, action).then(answer, (error: unknown) => {
          console.error(error);
          answer(refused("Something went wrong on the server"));
        });
      };

    socket.on(
      "message",
      serve(({ userId, text }) => {
        if (!isText(text)) return refused(`"text" must have 1 to ${MAX_TEXT_LENGTH} characters`);
        io.to(userRoom(userId)).emit("note", { from: claims.username, text, at: Date.now() });
        return { ok: true };
      }),
    );
    socket.on(
      "disconnectUser",
      serve(async ({ userId, reason }) => {
        if (!isText(reason)) return refused(`"reason" must have 1 to ${MAX_TEXT_LENGTH} characters`);
        await connections.endUser(userId, reason);
        return { ok: true };
      }),
    );
    socket.on(
      "suspend",
      serve(async ({ userId, suspended }) => {
        if (typeof suspended !== "boolean") return refused('"suspended" must be true or false');
        if (userId === subject) return refused("You cannot suspend yourself");
        await accounts.change(userId, { suspended });
        if (suspended) await connections.endUser(userId, "suspended");
        nodes.tell("people");
        return { ok: true };
      }),
    );
    socket.on(
      "setRole",
      serve(async ({ userId, role }) => {
        if (role !== "user" && role !== "admin") return refused('"role" must be "user" or "admin"');
        await accounts.change(userId, { role });
        nodes.tell("people");
        return { ok: true };
      }),
    );
  });
}
