import type { AuthSocketState, SessionState } from "authsocket";
import { againWords, errorWords, type Tone } from "../state/status-words.ts";

/** One line of the log. */
export interface Line {
  readonly tone: Tone;
  readonly text: string;
}

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
 * The line that tells a session's change, at the instant `now` (ms since the epoch). A renewal has its own, since the
 * states do not tell who made it.
 */
export function sessionLine(
  change: Exclude<SessionChange, { kind: "renewed" }>,
  state: SessionState,
  now: number,
): Line {
  switch (change.kind) {
    case "started": {
      const who = nameOf(state) ?? "you";
      const how = change.by === "sign-in" ? `Signed in as ${who}` : `Welcome back, ${who}`;
      return { tone: "good", text: `${how}${lifeWords(state, now)}.` };
    }
    case "refreshing":
      return { tone: "renewing", text: refreshLines[change.because] };
    case "delayed":
      return {
        tone: "busy",
        text:
          state.status === "waiting" ? `${errorWords(state.error)} ${againWords(state.retryAt, now)}` : "",
      };
    case "nobody":
      return { tone: "quiet", text: "Nobody is signed in on this browser." };
    case "ended":
      return {
        tone: "quiet",
        text: state.status === "signedOut" && state.error ? errorWords(state.error) : "Signed out.",
      };
    default:
      return change satisfies never;
  }
}

/** How this tab came by a new token: by a refresh of its own, or from another tab. */
export type Renewal = "refresh" | "adoption";

/** The line that tells of a new token. */
export function renewalLine(by: Renewal, state: SessionState, now: number): Line {
  const what = by === "refresh" ? "Token refreshed by this tab" : "Token adopted from another tab";
  return { tone: "renewing", text: `${what}${lifeWords(state, now)}.` };
}

const refreshLines = {
  missing: "No token here: asking the server whether this browser is still signed in.",
  expired: "The token has expired: fetching a new one before connecting.",
  rejected: "The server refused the token: fetching a new one.",
};

/**
 * The line that tells a change of the socket, or undefined where there is nothing to tell.
 * `lostAt` is when the last connection ended (ms since the epoch), undefined before the first.
 */
export function socketLine(
  previous: AuthSocketState,
  next: AuthSocketState,
  now: number,
  lostAt?: number,
): Line | undefined {
  switch (next.status) {
    case "connected":
      if (previous.status === "connected") return undefined;
      if (lostAt === undefined) return { tone: "good", text: "Connected." };
      return { tone: "good", text: `Connected again after ${gapWords(now - lostAt)}.` };
    case "connecting": {
      const before = previous.status === "connecting" ? previous.attempt : 0;
      if (next.attempt <= 1 || next.attempt === before) return undefined;
      const soon = next.retryAt === undefined ? "" : ` ${againWords(next.retryAt, now)}`;
      return { tone: "busy", text: `Still no connection, attempt ${next.attempt}.${soon}` };
    }
    case "refused":
      return previous.status === "refused" ? undefined : { tone: "bad", text: errorWords(next.error) };
    case "idle":
    case "signedOut":
      return undefined;
    default:
      return next satisfies never;
  }
}

/** The line that tells why a connection ended. `reason` is Socket.IO's own. */
export function disconnectLine(reason: string): Line {
  switch (reason) {
    case "io server disconnect":
      return { tone: "busy", text: "Connection cut by the server." };
    case "io client disconnect":
      return { tone: "quiet", text: "Connection closed by this page." };
    case "ping timeout":
      return { tone: "busy", text: "The server has gone silent, reconnecting." };
    default:
      return { tone: "busy", text: "Connection lost, reconnecting." };
  }
}

/** The line that tells of a refused handshake by its code, or undefined for a server that was not reached. */
export function refusalLine(data: unknown): Line | undefined {
  if (typeof data !== "object" || data === null || !("code" in data)) return undefined;
  switch (data.code) {
    case "token_expired":
      return { tone: "busy", text: "The server refused the connection: the token has expired." };
    case "token_invalid":
      return { tone: "busy", text: "The server refused the connection: the token is not valid." };
    case "token_missing":
      return { tone: "busy", text: "The server refused the connection: no token was sent." };
    case "token_revoked":
      return { tone: "busy", text: "The server refused the connection: the token has been revoked." };
    default:
      return { tone: "bad", text: "The server refused the connection." };
  }
}

/** Whether there is a token, however old: what tells a renewal from the look for a session at page load. */
export function holdsToken(state: SessionState): state is Exclude<SessionState, { status: "signedOut" }> {
  return state.status !== "signedOut" && (state.expiresAt !== undefined || state.subject !== undefined);
}

/**
 * Tells one token from the next: by its id, where its claims have one. Its expiry is but a guess until the server has said
 * how long it will take it (B5).
 */
function tokenMark({ claims, expiresAt }: Exclude<SessionState, { status: "signedOut" }>): unknown {
  return claimOf(claims, "jti") ?? expiresAt;
}

/** The user's name: the demo server's tokens carry it as `username`. */
export function nameOf(state: SessionState): string | undefined {
  if (state.status === "signedOut") return undefined;
  return claimOf(state.claims, "username") ?? state.subject;
}

/** The user's role as the demo server's tokens carry it: for display, it decides nothing. */
export function roleOf(state: SessionState): string | undefined {
  return state.status === "signedOut" ? undefined : claimOf(state.claims, "role");
}

function claimOf(claims: object | undefined, name: string): string | undefined {
  const claim: unknown = claims === undefined ? undefined : Reflect.get(claims, name);
  return typeof claim === "string" ? claim : undefined;
}

function lifeWords(state: SessionState, now: number): string {
  if (state.status === "signedOut" || state.expiresAt === undefined) return "";
  return `, good for ${Math.round((state.expiresAt - now) / 1_000)} s`;
}

function gapWords(gap: number): string {
  return gap < 1_000 ? `${Math.round(gap)} ms` : `${(gap / 1_000).toFixed(1)} s`;
}
