import type { SessionState } from "authsocket";

/** The user's name: the demo server's tokens carry it as `username`. */
export function nameOf(state: SessionState): string | undefined {
  if (state.status === "signedOut") return undefined;
  return claimOf(state.claims, "username") ?? state.subject;
}

/** The user's role as the demo server's tokens carry it: for display, it decides nothing. */
export function roleOf(state: SessionState): string | undefined {
  return state.status === "signedOut" ? undefined : claimOf(state.claims, "role");
}

/** Whether there is a token, however old: what tells a renewal from the look for a session at page load. */
export function holdsToken(state: SessionState): state is Exclude<SessionState, { status: "signedOut" }> {
  return state.status !== "signedOut" && (state.expiresAt !== undefined || state.subject !== undefined);
}

/** A claim of the token, when it is a text. */
export function claimOf(claims: object | undefined, name: string): string | undefined {
  const claim: unknown = claims === undefined ? undefined : Reflect.get(claims, name);
  return typeof claim === "string" ? claim : undefined;
}
