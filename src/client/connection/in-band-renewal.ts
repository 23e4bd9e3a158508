import type { Socket } from "socket.io-client";
import { RENEW_EVENT } from "../../protocol.ts";

/** ms that a server has to answer `auth:renew`. Without an answer the connection lives until its old expiry. */
const RENEWAL_TIMEOUT = 10_000;

/**
 * Gives an open connection its new token: one acknowledged packet (B13). Refused or unanswered, it leaves the connection as it
 * was, until the server cuts it.
 *
 * @param hasQueue whether Socket.IO's `retries` is on. Past its queue there is only the volatile way, which drops what
 * cannot be written at once
 * @param isStillWanted asked after a wait
 * @param renewed called with the ms that the server gives the new token
 */
export function renewInBand(
  socket: Socket,
  token: string,
  hasQueue: boolean,
  isStillWanted: () => boolean,
  renewed: (expiresIn: number) => void,
): void {
  const { engine } = socket.io;
  if (hasQueue && !engine.transport.writable) {
    engine.once("drain", () => {
      if (isStillWanted()) renewInBand(socket, token, hasQueue, isStillWanted, renewed);
    });
    return;
  }
  const answered = (error: unknown, answer: unknown) => {
    const expiresIn = readExpiresIn(answer);
    if (!error && expiresIn !== undefined) renewed(expiresIn);
  };
  // S1: the app's onAnyOutgoing listeners would print the token.
  const watching = [...socket.listenersAnyOutgoing()];
  const { length } = socket.sendBuffer;
  socket.offAnyOutgoing();
  (hasQueue ? socket.volatile : socket).timeout(RENEWAL_TIMEOUT).emit(RENEW_EVENT, { token }, answered);
  for (const listener of watching) socket.onAnyOutgoing(listener);
  // Held back, it would go out with the next connection, whose token is newer, and past these listeners.
  socket.sendBuffer.splice(length);
}

/** The ms that a server gives a token; undefined where it says no such number. */
export function readExpiresIn(payload: unknown): number | undefined {
  const { expiresIn } = Object(payload);
  return typeof expiresIn === "number" && expiresIn > 0 ? expiresIn : undefined;
}
