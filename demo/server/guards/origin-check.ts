import type { IncomingHttpHeaders } from "node:http";
import type { RequestHandler } from "express";

const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);

/**
 * The origin of this server's pages as browsers know it, where a proxy stands in front.
 *
 * @throws a TypeError that names the option
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
 * Whether a request comes from a page of this server, or from no page at all. Cookies alone do not say so: a browser
 * opens WebSockets for anybody and sends them along.
 *
 * @param ours the origin of `checkOrigin`; this machine's own names are always ours
 */
export function isFromHere(headers: IncomingHttpHeaders, ours?: string): boolean {
  const { origin, host } = headers;
  if (origin === undefined) {
    // A browser leaves it out of its own pages' GETs, and says where from in a header that no script can set.
    const site = headers["sec-fetch-site"];
    return site === undefined || site === "same-origin";
  }
  if (origin === ours) return true;
  const url = parse(origin);
  // By name too: to a host name that was pointed to this address, "the same host" means nothing.
  return url?.protocol === "http:" && url.host === host && LOOPBACK.has(url.hostname);
}

const parse = (origin: string): URL | undefined => (URL.canParse(origin) ? new URL(origin) : undefined);

/** Refuses what other sites' pages send. */
export function requireOwnOrigin(ours?: string): RequestHandler {
  return (request, response, next) => {
    if (isFromHere(request.headers, ours)) next();
    else response.status(403).json({ error: "This origin is not allowed" });
  };
}
