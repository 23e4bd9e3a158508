import { RENEW_EVENT, type RenewalAnswer } from "../../protocol.ts";
import { type AuthenticatedSocket, hideToken } from "./live-socket.ts";

const ANSWER: RenewalAnswer = {
  code: "token_invalid",
  message: "This is a guest's connection: connect anew with the token",
};

/** Answers `auth:renew` on a guest's connection, so that no listener of the app gets the token (S1). */
export function serveGuest(socket: AuthenticatedSocket): void {
  socket.prependAny(hideToken);
  socket.use((packet, next) => {
    if (packet[0] !== RENEW_EVENT) return next();
    const acknowledge: unknown = packet.at(-1);
    if (typeof acknowledge === "function") acknowledge(ANSWER);
  });
}
