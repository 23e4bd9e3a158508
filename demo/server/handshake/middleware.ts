import { AuthError, type Identity, type UserSockets, userRoom } from "authsocket/server";
import type { DemoIo, DemoSocket } from "../sockets/demo-io.ts";
import type { Claims } from "../tokens/access-tokens.ts";
import type { Verify } from "./admission.ts";

// Far more than any token of ours, and little enough to verify.
const MAX_TOKEN_LENGTH = 8 * 1024;
const RETRY_AFTER = 1000;

function toRefusal(error: unknown): AuthError {
  if (error instanceof AuthError) return error;
  // Our fault, not the token's: the client should come back, not refresh.
  return new AuthError("unavailable", "The server cannot check tokens at the moment", {
    retryAfter: RETRY_AFTER,
    cause: error,
  });
}

async function identify(socket: DemoSocket, verify: Verify): Promise<Identity<Claims>> {
  const { token }: { token?: unknown } = socket.handshake.auth;
  // Dropped here because `fetchSockets()` and any log of the handshake would pass it on.
  socket.handshake.auth = {};
  if (token === undefined || token === null || token === "") throw new AuthError("token_missing");
  // T21: objects, numbers, lists and megabytes of text arrive here too.
  if (typeof token !== "string" || token.length > MAX_TOKEN_LENGTH) throw new AuthError("token_invalid");
  return verify(token);
}

/**
 * The middleware of the lesson, by hand: lets only sockets with a valid access token connect; who they are is in
 * `socket.data.auth`. It takes no renewal, so somebody has to cut the connection when its token expires.
 *
 * @param verify says who a token is for, or rejects with an AuthError
 */
export function authenticateHandshake(io: DemoIo, verify: Verify): Pick<UserSockets, "devices"> {
  io.use((socket, next) => {
    // Both outcomes call next(), once: an async middleware that throws leaves the client waiting (T16).
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
