import { acknowledge } from "../sockets/acknowledgement.ts";
import type { DemoIo, PublicNamespace } from "../sockets/demo-io.ts";
import type { Nodes } from "../sockets/nodes.ts";
import { Recount } from "./recount.ts";

/**
 * "/public": for everybody, without a token. A page that is signed in uses it on the same connection as "/".
 */
export function serveGuests(io: DemoIo, guests: PublicNamespace, nodes: Nodes): void {
  const count = new Recount(async () => {
    if (guests.sockets.size === 0) return;
    const [inPublic, signedIn] = await Promise.all([guests.fetchSockets(), io.fetchSockets()]);
    guests.local.emit("visitors", {
      guests: inPublic.filter(({ data }) => data.guest).length,
      users: new Set(signedIn.map(({ data }) => data.auth.subject)).size,
    });
  });
  nodes.on("people", count.changed);

  io.on("connection", (user) => {
    const mark = (guest: boolean): void => {
      for (const socket of guests.sockets.values())
        if (socket.client === user.client) socket.data.guest = guest;
    };
    mark(false);
    user.on("disconnect", () => mark(true));
  });

  guests.on("connection", (socket) => {
    socket.data.guest = ![...io.of("/").sockets.values()].some(({ client }) => client === socket.client);
    socket.on("time", (reply: unknown) => acknowledge<number>(reply)(Date.now()));
    socket.on("disconnect", () => nodes.tell("people"));
    nodes.tell("people");
  });
}
