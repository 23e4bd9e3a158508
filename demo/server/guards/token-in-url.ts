import type { IncomingMessage, ServerResponse } from "node:http";

const JWT = /eyJ[\w-]+\.[\w-]+\.[\w-]*/;
const TOKEN_NAME = /^(?:auth|authorization|jwt|bearer|(?:(?:access|refresh|auth|id)[-_]?)?token)$/i;

/** Whether a URL carries what logs, histories and proxies must not see. */
function hasToken(url: string): boolean {
  const query = url.indexOf("?");
  if (JWT.test(query < 0 ? url : url.slice(0, query))) return true;
  return [...new URLSearchParams(query < 0 ? "" : url.slice(query))].some(
    ([name, value]) => TOKEN_NAME.test(name) || JWT.test(value),
  );
}

/** For Express, and for Socket.IO's engine: there the error becomes the same status, on an upgrade too. */
export function refuseTokenInUrl(
  request: IncomingMessage,
  _response: ServerResponse,
  next: (error?: Error) => void,
): void {
  if (hasToken(request.url ?? "")) next(new TokenInUrlError());
  else next();
}

/** Its message may be told: it quotes nothing. */
export class TokenInUrlError extends Error {
  override readonly name = "TokenInUrlError";
  readonly status = 400;

  constructor() {
    super("A token in a URL is seen by logs and proxies: send it in the handshake's auth");
  }
}
