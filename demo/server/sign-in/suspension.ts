import type { Response } from "express";

/** The answer of every HTTP entry to who is suspended. */
export function refuseSuspended(response: Response): void {
  response.status(403).json({ error: "This account is suspended", code: "suspended" });
}
