import { AuthError, type Identity, type UserSockets, userRoom } from "authsocket/server";
import type { DemoIo, DemoSocket } from "../sockets/demo-io.ts";
import type { Claims } from "../tokens/claims.ts";
import type { Admission } from "./admission.ts";
import { toRefusal } from "./refusal.ts";

// Far longer than this server's tokens, and short enough to verify quickly.
const MAX_TOKEN_LENGTH = 8 * 1024;

async function identify(socket: DemoSocket, verify: Admission["verify"]): Promise<Identity<Claims>> {
  const { token }: { token?: unknown } = socket.handshake.auth;
  // Removed, because `fetchSockets()` and logs of the handshake would expose it.
  socket.handshake.auth = {};
  if (token === undefined || token === null || token === "") throw new AuthError("token_missing");
  // T21: a client can send anything here: objects, numbers, lists, megabytes of text.
  if (typeof token !== "string" || token.length > MAX_TOKEN_LENGTH) throw new AuthError("token_invalid");
  return verify(token);
}

/**
 * The handshake middleware of the lesson, written by hand. Only sockets with a valid access token can connect, and their user is
 * in `socket.data.auth`. It accepts no renewals, so the connection has to be cut when its token expires (see expiry-cut.ts).
 *
 * @param verify answers whose token it is, or rejects (see refusal.ts)
 */
export function authenticateHandshake(io: DemoIo, verify: Admission["verify"]): Pick<UserSockets, "devices"> {
  io.use((socket, next) => {
    // Both outcomes call next() once: after an async middleware that throws, the client would wait for ever (T16).
    identify(socket, verify).then(
      (identity) => {
        socket.data.auth = identity;
        void socket.join(userRoom(identity.subject));
        next();
      },
      (error: unknown) => next(toRefusal(error)),
    );
  });

  return {
    async devices(subject) {
      const sockets = await io.in(userRoom(subject)).fetchSockets();
      return sockets.map(({ id, handshake, data: { auth } }) => ({
        id,
        namespace: "/",
        address: handshake.address,
        userAgent: handshake.headers["user-agent"],
        connectedAt: handshake.issued,
        expiresAt: auth.expiresAt,
      }));
    },
  };
}
