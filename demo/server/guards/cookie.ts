import type { CookieOptions } from "express";

/**
 * The name and attributes of this server's cookies: scripts cannot read them, other sites do not send them. With https,
 * the prefix `__Host-` makes the browser accept only `Secure` cookies without a domain, so that a sister host cannot set one.
 */
export function cookieScheme(name: string, secure: boolean): { name: string; attributes: CookieOptions } {
  return {
    name: secure ? `__Host-${name}` : name,
    attributes: { httpOnly: true, sameSite: "strict", path: "/", secure },
  };
}

/** The value of one cookie in a Cookie header. Of two cookies with this name, the first has the longer path (RFC 6265). */
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
