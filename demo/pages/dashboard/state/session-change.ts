import type { SessionState } from "authsocket";
import { claimOf, holdsToken } from "./user.ts";

/** What one change of the session means: every view that counts, marks or tells goes by this. */
export type SessionChange =
  | { readonly kind: "started"; readonly by: "sign-in" | "stored session" }
  | { readonly kind: "refreshing"; readonly because: "missing" | "expired" | "rejected" }
  | { readonly kind: "renewed" }
  | { readonly kind: "delayed" }
  | { readonly kind: "nobody" }
  | { readonly kind: "ended" };

/**
 * The change from one state of the session to the next, or undefined where there is nothing to tell.
 * At page load there is no previous state.
 */
export function sessionChange(
  previous: SessionState | undefined,
  next: SessionState,
): SessionChange | undefined {
  switch (next.status) {
    case "signedIn": {
      if (previous?.status === "signedOut") return { kind: "started", by: "sign-in" };
      if (previous === undefined || !holdsToken(previous)) return { kind: "started", by: "stored session" };
      if (previous.subject !== next.subject) return { kind: "started", by: "sign-in" };
      return tokenMark(previous) === tokenMark(next) ? undefined : { kind: "renewed" };
    }
    case "refreshing": {
      if (previous?.status === "refreshing") return undefined;
      // A renewal ahead of time is told when it is done: one line a token is enough to read along.
      if (next.reason === "expiring" || next.reason === "forced") return undefined;
      return { kind: "refreshing", because: next.reason };
    }
    case "waiting":
      return previous?.status === "waiting" ? undefined : { kind: "delayed" };
    case "signedOut":
      if (previous === undefined || previous.status === "signedOut") return undefined;
      return holdsToken(previous) ? { kind: "ended" } : { kind: "nobody" };
    default:
      return next satisfies never;
  }
}

/**
 * Tells one token from the next: by its id, where its claims have one. Its expiry is but a guess until the server has said
 * how long it will take it (B5).
 */
function tokenMark({ claims, expiresAt }: Exclude<SessionState, { status: "signedOut" }>): unknown {
  return claimOf(claims, "jti") ?? expiresAt;
}
