import { authenticate, userRoom } from "authsocket/server";
import type { Namespace, Socket } from "socket.io";
import { verifyToken } from "./tokens.ts";

/**
 * - `authsocket`: by `authsocket/server`, with connection state recovery
 * - `late notice`: the same, with so short a notice that clients which renew early never receive it
 * - `recovery`: as tutorials do it, with connection state recovery
 * - `tutorial`: as tutorials do it
 */
export type ServerKind = "authsocket" | "late notice" | "recovery" | "tutorial";

/** ms */
const LATE = 1_000;

/** Refuses clients without a valid token, and disconnects those whose token has expired. */
export function protect(namespace: Namespace, kind: ServerKind): void {
  if (kind === "authsocket") authenticate(namespace, { verify: verifyToken });
  else if (kind === "late notice") authenticate(namespace, { verify: verifyToken, notice: LATE });
  else asTutorialsDo(namespace);
}

function asTutorialsDo(namespace: Namespace): void {
  namespace.use((socket, next) => {
    try {
      socket.data.auth = verifyToken(socket.handshake.auth.token);
      next();
    } catch (error) {
      next(error as Error);
    }
  });
  namespace.on("connection", (socket: Socket) => {
    const { subject, expiresAt } = verifyToken(socket.handshake.auth.token);
    void socket.join(userRoom(subject));
    const timer = setTimeout(() => socket.disconnect(), expiresAt - Date.now());
    socket.once("disconnect", () => clearTimeout(timer));
    // Apps send an event at the beginning. Without one, connection state recovery has no offset to start from.
    socket.emit("welcome");
  });
}
