import type { SessionState } from "authsocket";

/** The user's name, from the claim `username` of the demo server's tokens. */
export function nameOf(state: SessionState): string | undefined {
  return claimOf(state.claims, "username") ?? state.subject;
}

/** The user's role, from the claim `role`. For display only: the server decides what the user can do. */
export function roleOf(state: SessionState): string | undefined {
  return claimOf(state.claims, "role");
}

/** Whether there is a token, even an expired one. Without one, a refresh is the search for a session at page load. */
export function holdsToken({ status, expiresAt, subject }: SessionState): boolean {
  return status !== "signedOut" && (expiresAt !== undefined || subject !== undefined);
}

/** A claim of the token, when it is a text. */
export function claimOf(claims: object | undefined, name: string): string | undefined {
  const claim: unknown = claims === undefined ? undefined : Reflect.get(claims, name);
  return typeof claim === "string" ? claim : undefined;
}
