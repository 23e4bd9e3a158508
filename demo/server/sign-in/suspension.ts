import type { Response } from "express";

/** How every route answers a suspended user. */
export function refuseSuspended(response: Response): void {
  response.status(403).json({ error: "This account is suspended", code: "suspended" });
}
