import type { SessionState } from "authsocket";
import { claimOf, holdsToken } from "./user.ts";

/** The meaning of one change of the session. Everything that counts or reports sessions and renewals uses it. */
export type SessionChange =
  | { readonly kind: "started"; readonly by: "sign-in" | "stored session" }
  | { readonly kind: "refreshing"; readonly because: "missing" | "expired" | "rejected" }
  | { readonly kind: "renewed" }
  | { readonly kind: "delayed" }
  | { readonly kind: "nobody" }
  | { readonly kind: "ended" };

/**
 * The meaning of a change from one state of the session to the next. undefined if it is not worth reporting.
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
      // A scheduled renewal is reported when it is done: one line for each token is enough.
      if (next.reason === "expiring" || next.reason === "forced") return undefined;
      return { kind: "refreshing", because: next.reason };
    }
    case "waiting":
      return previous?.status === "waiting" ? undefined : { kind: "delayed" };
    case "unknown":
      return undefined;
    case "signedOut":
      if (previous === undefined || previous.status === "signedOut") return undefined;
      return holdsToken(previous) ? { kind: "ended" } : { kind: "nobody" };
    default:
      return next satisfies never;
  }
}

/**
 * Identifies a token: by the id in its claims, else by its expiry. The expiry alone would not do, because it changes when
 * the server says how long it will accept the token (B5).
 */
function tokenMark({ claims, expiresAt }: Exclude<SessionState, { status: "signedOut" }>): unknown {
  return claimOf(claims, "jti") ?? expiresAt;
}
