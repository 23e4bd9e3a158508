import type { Socket } from "socket.io";
import type { RenewalAnswer } from "../../protocol.ts";
import { PacketGate } from "./packet-gate.ts";

const ANSWER: RenewalAnswer = {
  code: "token_invalid",
  message: "This is a guest's connection. Reconnect with the token",
};

/** Answers `auth:renew` on a guest's connection, so that no listener of the app gets the token (S1). */
export function serveGuest(socket: Socket): void {
  new PacketGate(socket, {
    isClosed: () => !socket.connected,
    renew: ({ acknowledge }) => {
      if (typeof acknowledge === "function") acknowledge(ANSWER);
    },
  });
}
