import { AccessTokenError, type Identity } from "./access-tokens.ts";
import type { DemoIo, DemoSocket } from "./demo-io.ts";

export type RefusalCode = "token_missing" | "token_invalid" | "token_expired" | "unavailable";

// Far more than any token of ours, and little enough to verify.
const MAX_TOKEN_LENGTH = 8 * 1024;
const RETRY_AFTER = 1000;

/** Reaches the client as `connect_error`, with the code in `error.data.code`. */
class Refusal extends Error {
  readonly data: { code: RefusalCode; retryAfter?: number };

  constructor(message: string, data: { code: RefusalCode; retryAfter?: number }) {
    super(message);
    this.data = data;
  }
}

function toRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof AccessTokenError) return new Refusal(error.message, { code: error.code });
  // Our fault, not the token's: the client should come back, not refresh.
  return new Refusal("The server cannot check tokens at the moment", {
    code: "unavailable",
    retryAfter: RETRY_AFTER,
  });
}

async function identify(socket: DemoSocket, verify: (token: string) => Promise<Identity>): Promise<Identity> {
  const { token }: { token?: unknown } = socket.handshake.auth;
  // Dropped here because `fetchSockets()` and any log of the handshake would pass it on.
  socket.handshake.auth = {};
  if (token === undefined || token === null || token === "")
    throw new Refusal("An access token is needed", { code: "token_missing" });
  // T21: objects, numbers, lists and megabytes of text arrive here too.
  if (typeof token !== "string" || token.length > MAX_TOKEN_LENGTH)
    throw new AccessTokenError("token_invalid");
  return verify(token);
}

/**
 * Lets only sockets with a valid access token connect; who they are is in `socket.data.identity`.
 *
 * @param options.verify says who a token is for, or rejects with an AccessTokenError
 * @param options.onRefused is told of each refusal
 */
export function authenticateHandshake(
  io: DemoIo,
  options: { verify: (token: string) => Promise<Identity>; onRefused?: (code: RefusalCode) => void },
): void {
  io.use((socket, next) => {
    // Both outcomes call next(), once: an async middleware that throws leaves the client waiting (T16).
    identify(socket, options.verify).then(
      (identity) => {
        socket.data.identity = identity;
        next();
      },
      (error: unknown) => {
        const refusal = toRefusal(error);
        next(refusal);
        options.onRefused?.(refusal.data.code);
      },
    );
  });
}
