import type { CookieOptions, Request, Response } from "express";
import { readCookie } from "./cookie.ts";
import { REFRESH_SESSION_LIFETIME } from "./refresh-sessions.ts";

const NAME = "authsocket_refresh";

// No script reads it, no other site sends it, and no page or socket request carries it: only the API's.
// Behind https add `secure: true`; this demo is plain http on the loopback interface.
const ATTRIBUTES: CookieOptions = { httpOnly: true, sameSite: "strict", path: "/api" };

export function readRefreshCookie(request: Request): string | undefined {
  return readCookie(request.headers.cookie, NAME);
}

export function setRefreshCookie(response: Response, secret: string): void {
  response.cookie(NAME, secret, { ...ATTRIBUTES, maxAge: REFRESH_SESSION_LIFETIME });
}

export function clearRefreshCookie(response: Response): void {
  response.clearCookie(NAME, ATTRIBUTES);
}
