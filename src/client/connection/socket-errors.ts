import { AuthSocketError } from "../errors.ts";
import { withoutJwt } from "../token/token-set.ts";
import type { ConnectError } from "./refusal.ts";

/** The server has refused the CONNECT. Its words are shown, without tokens (S1). */
export function refused(code: "forbidden" | "token_rejected", cause: ConnectError): AuthSocketError {
  const what = code === "forbidden" ? "connection" : "access token";
  return new AuthSocketError(code, `the server has refused the ${what}: ${withoutJwt(cause.message)}`, {
    cause,
  });
}

/** The server refuses events of a connection whose token is fresh (B26). */
export function refusedAgain(event: string): AuthSocketError {
  const message = `the server has sent "${event}" again, although the token is fresh`;
  return new AuthSocketError("token_rejected", message);
}

/** B24: the handshake has failed. */
export function unreachable(cause?: ConnectError): AuthSocketError {
  const status = httpStatus(cause);
  const message =
    status === undefined
      ? "the server cannot be reached"
      : `the server has answered the handshake with ${status}`;
  return new AuthSocketError("unreachable", message, cause && { cause });
}

/** B24: the engine was opened, and closed by somebody else. */
export function closed(reason: string): AuthSocketError {
  const message = `the connection was closed before the server answered the CONNECT: ${reason}`;
  return new AuthSocketError("unreachable", message, { cause: new Error(reason) });
}

/** B24: the server takes packets, and does not answer this one. */
export function unanswered(namespace: string): AuthSocketError {
  const message = `the server has not answered the CONNECT of "${namespace}" in 20 s`;
  return new AuthSocketError("unreachable", message);
}

export function kicked(): AuthSocketError {
  return new AuthSocketError(
    "kicked",
    "the server has disconnected this socket although its token was valid",
  );
}

/** @param reason what the server has sent with its event */
export function revoked(reason: unknown): AuthSocketError {
  const text = String(Object(reason).reason ?? (typeof reason === "string" ? reason : "no reason given"));
  return new AuthSocketError("revoked", `the server has revoked this connection: ${withoutJwt(text)}`);
}

/** T6: nobody can empty the queue of `retries`, so the Socket stays the previous user's. */
export function stillAnothers(): AuthSocketError {
  return new AuthSocketError(
    "user_changed",
    `another user has signed in, and Socket.IO's "retries" queue cannot be emptied: make a new AuthSocket`,
  );
}

/** Why an event was neither sent nor answered: its user is gone (B16). */
export function unsent(code: "signed_out" | "user_changed"): AuthSocketError {
  const who = code === "signed_out" ? "the user has signed out" : "another user has signed in";
  return new AuthSocketError(code, `${who} before this event was sent and answered`);
}

/** T14: polling shows the status of a refused handshake, a WebSocket does not. */
export function httpStatus(error: unknown): number | undefined {
  const { context, description } = Object(error);
  const status = Object(context).status ?? description;
  return typeof status === "number" && status >= 100 && status < 600 ? status : undefined;
}
