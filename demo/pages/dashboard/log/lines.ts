import type { AuthSocketState, SessionState } from "authsocket";
import type { Tone } from "../elements/tone.ts";
import type { SessionChange } from "../state/session-change.ts";
import { againWords, errorWords, refusedWords } from "../state/status-words.ts";
import { nameOf } from "../state/user.ts";
import type { Renewal } from "../token/refresh-watch.ts";

/** One line of the log. */
export interface Line {
  readonly tone: Tone;
  readonly text: string;
}

/**
 * The line about a change of the session, at the instant `now` (ms since the epoch). A renewal has a line of its own, because
 * the states do not say which tab has made it.
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

/** The line about a renewed token. */
export function renewalLine(by: Renewal, state: SessionState, now: number): Line {
  return { tone: "renewing", text: `${renewalLines[by]}${lifeWords(state, now)}.` };
}

const renewalLines: Record<Renewal, string> = {
  refresh: "Token refreshed by this tab",
  adoption: "Token taken from another tab",
  provider: "Token refreshed by the provider’s client",
};

const refreshLines = {
  missing: "There is no token. Asking the server whether this browser is still signed in.",
  expired: "The token has expired. Getting a new one before connecting.",
  rejected: "The server refused the token. Getting a new one.",
};

/**
 * The line about a change of the socket. undefined if it is not worth a line.
 * `lostAt` is when the last connection ended (ms since the epoch). undefined before the first.
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
      const why = next.error ? ` ${errorWords(next.error)}` : "";
      const soon = next.retryAt === undefined ? "" : ` ${againWords(next.retryAt, now)}`;
      return { tone: "busy", text: `Still no connection, attempt ${next.attempt}.${why}${soon}` };
    }
    case "refused":
      return previous.status === "refused" ? undefined : { tone: "bad", text: refusedWords(next.error) };
    case "idle":
    case "signedOut":
      return undefined;
    default:
      return next satisfies never;
  }
}

/** The line about the end of a connection. `reason` is Socket.IO's own. */
export function disconnectLine(reason: string): Line {
  switch (reason) {
    case "io server disconnect":
      return { tone: "busy", text: "The server closed the connection." };
    case "io client disconnect":
      return { tone: "quiet", text: "This page closed the connection." };
    case "ping timeout":
      return { tone: "busy", text: "The server does not answer any more. Reconnecting." };
    default:
      return { tone: "busy", text: "The connection was lost. Reconnecting." };
  }
}

/** The line about a refused handshake, by its code. undefined if the server could not be reached. */
export function refusalLine(error: Error & { data?: unknown }): Line | undefined {
  // Socket.IO gives this property to what a middleware of the server has refused, and to nothing else.
  if (!("data" in error)) return undefined;
  const { data } = error;
  if (typeof data !== "object" || data === null || !("code" in data)) {
    return { tone: "bad", text: `The server refused the connection without a code: “${error.message}”` };
  }
  switch (data.code) {
    case "token_expired":
      return { tone: "busy", text: "The server refused the connection: the token has expired." };
    case "token_invalid":
      return { tone: "busy", text: "The server refused the connection: the token is not valid." };
    case "token_missing":
      return { tone: "busy", text: "The server refused the connection: no token was sent." };
    case "token_revoked":
      return { tone: "busy", text: "The server refused the connection: the token has been revoked." };
    case "unavailable":
      return { tone: "busy", text: "The server cannot check tokens at the moment." };
    case "insufficient_scope":
      return { tone: "bad", text: "The server refused the connection: this user has no access." };
    default:
      return { tone: "bad", text: "The server refused the connection." };
  }
}

function lifeWords(state: SessionState, now: number): string {
  if (state.expiresAt === undefined) return "";
  return `, good for ${Math.round((state.expiresAt - now) / 1_000)} s`;
}

function gapWords(gap: number): string {
  return gap < 1_000 ? `${Math.round(gap)} ms` : `${(gap / 1_000).toFixed(1)} s`;
}
