import { type UserSockets, userRoom } from "authsocket/server";
import type { Answer } from "../../socket-events.ts";
import type { Admission } from "../handshake/admission.ts";
import type { Accounts } from "../people/accounts.ts";
import { acknowledge } from "../sockets/acknowledgement.ts";
import { type Connections, familyRoom } from "../sockets/connections.ts";
import type { AdminNamespace, DemoIo } from "../sockets/demo-io.ts";
import type { Nodes } from "../sockets/nodes.ts";
import { enterRooms } from "../sockets/room-entry.ts";

const MAX_TEXT_LENGTH = 500;
const NO_LONGER = "You are no longer an administrator";

const isText = (value: unknown): value is string =>
  typeof value === "string" && value.length > 0 && value.length <= MAX_TEXT_LENGTH;

const refused = (error: string): Answer => ({ ok: false, error });

type Action = (order: Order) => Answer | Promise<Answer>;

/** An order about a user who exists. Its other properties are not checked yet. */
type Order = Readonly<Record<string, unknown>> & { readonly userId: string };

/**
 * "/admin": what administrators can do to users. The role is looked up at each order, because an order can be on its way while
 * somebody takes the role away.
 */
export function serveAdministrators(
  admin: AdminNamespace,
  parts: {
    io: DemoIo;
    nodes: Nodes;
    accounts: Accounts;
    connections: Connections;
    administrators: UserSockets;
    checkStanding: Admission["checkStanding"];
  },
): void {
  const { io, nodes, accounts, connections, administrators, checkStanding } = parts;

  /** Ends the connections of a former administrator, after the answer: a socket that is disconnected sends nothing more. */
  function dismiss(subject: string): void {
    setImmediate(() => {
      administrators.disconnectUser(subject, NO_LONGER).catch(console.error);
    });
  }

  async function endUser(userId: string, reason: string): Promise<Answer> {
    if (await connections.endUser(userId, reason)) return { ok: true };
    return refused("Done, but one of the servers has not confirmed it yet");
  }

  async function obey(subject: string, order: unknown, action: Action): Promise<Answer> {
    if (!(await accounts.isAdministrator(subject))) {
      dismiss(subject);
      return refused(NO_LONGER);
    }
    const { userId } = Object(order) as { userId?: unknown };
    if (typeof userId !== "string" || !(await accounts.find(userId))) return refused("No such user");
    return action({ ...Object(order), userId });
  }

  admin.on("connection", (socket) => {
    const { auth } = socket.data;
    const { subject, claims } = auth;
    void enterRooms(socket, [familyRoom(claims.familyId)], () => checkStanding(auth));
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
        return endUser(userId, reason);
      }),
    );
    socket.on(
      "suspend",
      serve(async ({ userId, suspended }) => {
        if (typeof suspended !== "boolean") return refused('"suspended" must be true or false');
        if (userId === subject) return refused("You cannot suspend yourself");
        await accounts.change(userId, { suspended });
        nodes.tell("people");
        return suspended ? endUser(userId, "suspended") : { ok: true };
      }),
    );
    socket.on(
      "setRole",
      serve(async ({ userId, role }) => {
        if (role !== "user" && role !== "admin") return refused('"role" must be "user" or "admin"');
        await accounts.change(userId, { role });
        if (role !== "admin") dismiss(userId);
        nodes.tell("people");
        return { ok: true };
      }),
    );
  });
}
