import type { IncomingMessage, ServerResponse } from "node:http";

const JWT = /eyJ[\w-]+\.[\w-]+\.[\w-]*/;
const TOKEN_NAME = /^(?:auth|authorization|jwt|bearer|(?:(?:access|refresh|auth|id)[-_]?)?token)$/i;

/** Whether a URL contains a token, which logs, histories and proxies would then see. */
function hasToken(url: string): boolean {
  const query = url.indexOf("?");
  if (JWT.test(query < 0 ? url : url.slice(0, query))) return true;
  return [...new URLSearchParams(query < 0 ? "" : url.slice(query))].some(
    ([name, value]) => TOKEN_NAME.test(name) || JWT.test(value),
  );
}

/** A middleware for Express and for Socket.IO's engine. The engine answers the error's status too, also to an upgrade. */
export function refuseTokenInUrl(
  request: IncomingMessage,
  _response: ServerResponse,
  next: (error?: Error) => void,
): void {
  if (hasToken(request.url ?? "")) next(new TokenInUrlError());
  else next();
}

/** Its message can be sent to the client: it does not quote the URL. */
export class TokenInUrlError extends Error {
  override readonly name = "TokenInUrlError";
  readonly status = 400;

  constructor() {
    super("Logs and proxies can see a token in a URL: send it in the handshake's auth instead");
  }
}
