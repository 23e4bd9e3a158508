import type { Socket } from "socket.io-client";
import type { PublicClientEvents, PublicServerEvents } from "../../../socket-events.ts";
import type { DemoSocket } from "../server/demo-socket.ts";

/** "/public": an ordinary Socket beside the authenticated ones, on the same connection. */
export type GuestSocket = Socket<PublicServerEvents, PublicClientEvents>;

/** Connects as a guest, before anybody has signed in and whoever does. */
export function connectAsGuest(auth: DemoSocket): GuestSocket {
  const guest: GuestSocket = auth.socket.io.socket("/public");
  guest.connect();
  // An ordinary Socket stays away after a disconnect by the server, which may end the connection of all: it comes back
  // with the one that AuthSocket brings back.
  auth.socket.on("connect", () => {
    // T3: asked while its CONNECT is unanswered, it would send a second one.
    if (!guest.active) guest.connect();
  });
  return guest;
}
