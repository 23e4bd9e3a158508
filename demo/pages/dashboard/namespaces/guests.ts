import type { Socket } from "socket.io-client";
import type { PublicClientEvents, PublicServerEvents } from "../../../socket-events.ts";
import type { DemoSocket } from "../server/demo-socket.ts";

/** "/public": a plain Socket, on the same connection as the authenticated ones. */
export type GuestSocket = Socket<PublicServerEvents, PublicClientEvents>;

/** Connects as a guest: before a sign-in, and after it too. */
export function connectAsGuest(auth: DemoSocket): GuestSocket {
  const guest: GuestSocket = auth.socket.io.socket("/public");
  guest.connect();
  // A plain Socket does not reconnect after a disconnect by the server, which can close the connection that all share. So it
  // reconnects when AuthSocket does.
  auth.socket.on("connect", () => {
    // T3: while its CONNECT is unanswered, connect() would send a second one.
    if (!guest.active) guest.connect();
  });
  return guest;
}
