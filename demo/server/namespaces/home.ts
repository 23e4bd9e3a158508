import type { Profile } from "../../socket-events.ts";
import type { Admission } from "../handshake/admission.ts";
import { cutAt } from "../handshake/expiry-cut.ts";
import { acknowledge } from "../sockets/acknowledgement.ts";
import { familyRoom } from "../sockets/connections.ts";
import type { DemoIo } from "../sockets/demo-io.ts";
import type { Nodes } from "../sockets/nodes.ts";
import { enterRooms } from "../sockets/room-entry.ts";
import { profileOf } from "../tokens/claims.ts";
import type { Chat } from "./chat.ts";
import type { Ticks } from "./ticks.ts";

/** "/": for signed-in users. */
export function serveHome(
  io: DemoIo,
  parts: {
    nodes: Nodes;
    ticks: Ticks;
    chat: Chat;
    renewal: "inBand" | "cut";
    checkStanding: Admission["checkStanding"];
  },
): void {
  const { nodes, ticks, chat, renewal, checkStanding } = parts;
  io.on("connection", (socket) => {
    const { auth } = socket.data;
    void enterRooms(socket, [familyRoom(auth.claims.familyId)], () => checkStanding(auth));
    ticks.serve(socket);
    chat.serve(socket);
    // Read at each call: a renewal can bring other claims.
    socket.on("whoami", (reply: unknown) => acknowledge<Profile>(reply)(profileOf(socket.data.auth)));
    // With in-band renewal, `authenticate` does this itself.
    if (renewal === "cut") {
      cutAt(socket, auth.expiresAt);
      // The cut may be late. Nothing that comes after the expiry is handled.
      socket.use((_, next) => (Date.now() < auth.expiresAt ? next() : void socket.disconnect()));
    }
    nodes.tell("people");
    socket.on("disconnect", () => nodes.tell("people"));
  });
}
