import type { IncomingHttpHeaders } from "node:http";
import type { RequestHandler } from "express";

const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);

/**
 * Checks the option `origin`: the origin of this server's pages as browsers see it, when the server is behind a proxy.
 *
 * @throws {TypeError} when it is not an origin, or not a secure one
 */
export function checkOrigin(origin: string): string {
  const url = parse(origin);
  if (url?.origin !== origin)
    throw new TypeError('"origin" must be an origin such as "https://demo.example"');
  if (url.protocol !== "https:" && !LOOPBACK.has(url.hostname))
    throw new TypeError('"origin" must be https: outside this machine');
  return origin;
}

/**
 * Whether a request comes from a page of this server, or from no page at all. Cookies do not prove it: a browser opens
 * WebSockets for any site's pages, and sends the cookies along.
 *
 * @param ours the origin that `checkOrigin` has approved. This machine's own names are always accepted.
 */
export function isFromHere(headers: IncomingHttpHeaders, ours?: string): boolean {
  const { origin, host } = headers;
  if (origin === undefined) {
    // A browser sends no Origin with a page's GET to its own site. It then sends this header, which no script can set.
    const site = headers["sec-fetch-site"];
    return site === undefined || site === "same-origin";
  }
  if (origin === ours) return true;
  const url = parse(origin);
  // The host name counts too: anybody can point a name of theirs to this address (DNS rebinding).
  return url?.protocol === "http:" && url.host === host && LOOPBACK.has(url.hostname);
}

const parse = (origin: string): URL | undefined => (URL.canParse(origin) ? new URL(origin) : undefined);

/** Refuses requests from other sites' pages. */
export function requireOwnOrigin(ours?: string): RequestHandler {
  return (request, response, next) => {
    if (isFromHere(request.headers, ours)) next();
    else response.status(403).json({ error: "This origin is not allowed" });
  };
}
