import type { Response } from "express";

/** How a refresh of a suspended user is answered: with OAuth's error, so that the client knows for certain (B6). */
export function refuseRefresh(response: Response): void {
  response.status(403).json({ error: "invalid_grant", code: "suspended" });
}

/** How the sign-in of a suspended user is answered. */
export function refuseSuspended(response: Response): void {
  response.status(403).json({ error: "This account is suspended", code: "suspended" });
}
