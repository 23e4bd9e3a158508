import type { CookieOptions } from "express";

/**
 * How this server names and sets its cookies: no script reads them and no other site sends them. Behind https the prefix
 * makes the browser insist on `Secure`, the whole path and no domain, so that no sister host can plant one.
 */
export function cookieScheme(name: string, secure: boolean): { name: string; attributes: CookieOptions } {
  return {
    name: secure ? `__Host-${name}` : name,
    attributes: { httpOnly: true, sameSite: "strict", path: "/", secure },
  };
}

/** The value of one cookie in a Cookie header. Of two with one name the first counts: it has the longer path (RFC 6265). */
export function readCookie(header: string | undefined, name: string): string | undefined {
  for (const pair of header?.split(";") ?? []) {
    const separator = pair.indexOf("=");
    if (separator < 0 || pair.slice(0, separator).trim() !== name) continue;
    try {
      return decodeURIComponent(pair.slice(separator + 1).trim());
    } catch {
      // Not written by this server.
      return undefined;
    }
  }
  return undefined;
}
