import type { AuthSocketError, AuthSocketState, SessionState } from "authsocket";
import type { Tone } from "../elements/tone.ts";

export interface StatusWords {
  readonly label: string;
  readonly tone: Tone;
  /** A second line: what happens next, or why. */
  readonly detail: string;
}

/** The state of the session in words, at the instant `now` (ms since the epoch). */
export function sessionWords(state: SessionState, now: number): StatusWords {
  const known = state.status !== "signedOut" && state.expiresAt !== undefined;
  switch (state.status) {
    case "unknown":
      return {
        label: "Not known yet",
        tone: "quiet",
        detail: "The page has not checked yet whether you are signed in.",
      };
    case "signedOut":
      return { label: "Signed out", tone: "quiet", detail: "Nobody is signed in here." };
    case "signedIn":
      return {
        label: "Signed in",
        tone: "good",
        detail: state.warning ? errorWords(state.warning) : "The token is valid.",
      };
    case "refreshing":
      return known
        ? { label: "Refreshing the token", tone: "renewing", detail: renewalWords[state.reason] }
        : { label: "Checking your session", tone: "renewing", detail: "Asking the server for a token." };
    case "waiting":
      return {
        label: "Refresh delayed",
        tone: "busy",
        detail: `${errorWords(state.error)} ${againWords(state.retryAt, now)}`,
      };
    default:
      return state satisfies never;
  }
}

/** The state of the socket in words, at the instant `now` (ms since the epoch). */
export function socketWords(state: AuthSocketState, now: number): StatusWords {
  switch (state.status) {
    case "idle":
      return {
        label: "Not connected",
        tone: "quiet",
        detail: state.error ? errorWords(state.error) : "No connection has been started.",
      };
    case "connecting":
      return {
        label: state.attempt > 1 ? `Connecting, attempt ${state.attempt}` : "Connecting",
        tone: "busy",
        detail: connectingWords(state, now),
      };
    case "connected":
      return { label: "Connected", tone: "good", detail: `Connection id ${state.id}` };
    case "signedOut":
      return { label: "Signed out", tone: "quiet", detail: "Connects after the next sign-in." };
    case "refused":
      return { label: "Refused", tone: "bad", detail: refusedWords(state.error) };
    default:
      return state satisfies never;
  }
}

function connectingWords({ error, retryAt }: Connecting, now: number): string {
  const next = retryAt === undefined ? "Waiting for the server." : againWords(retryAt, now);
  return error ? `${errorWords(error)} ${next}` : next;
}

type Connecting = Extract<AuthSocketState, { status: "connecting" }>;

/** Why a socket is refused, and whether AuthSocket tries again by itself. */
export function refusedWords(error: AuthSocketError): string {
  const why = errorWords(error);
  return isTriedAgain(error) ? `${why} AuthSocket tries again with the next token.` : why;
}

/** B7, B15: whoever was refused as a user is tried again with each newer token. Other refusals are final. */
function isTriedAgain({ code }: AuthSocketError): boolean {
  return code === "token_rejected" || code === "forbidden";
}

/** An error in words for a user. Decided by its code, never by its message. */
export function errorWords(error: AuthSocketError): string {
  return words[error.code];
}

/** A text, followed by the server's own reason if it gave one. */
export function withReason(text: string, reason: string | undefined): string {
  return reason === undefined ? text : `${text} The server says: “${reason}”`;
}

const words: Record<AuthSocketError["code"], string> = {
  signed_out: "You have signed out.",
  session_expired: "Your session has ended. Please sign in again.",
  token_rejected: "The server refused your token, and the new one as well.",
  forbidden: "The server does not let this account in.",
  revoked: "The server has disconnected you.",
  kicked: "The server has disconnected this page although its token is valid.",
  user_changed: "Another user has signed in on this page.",
  refresh_failed: "The token could not be refreshed.",
  refresh_timeout: "The server did not answer the refresh.",
  invalid_response: "The server answered the refresh with something that is not a token.",
  insecure_url: "The address is not secure.",
  token_in_url: "The address contains a token.",
  unreachable: "The server cannot be reached.",
  storage_unavailable: "This browser does not let the page store anything, so a reload loses the token.",
};

type RefreshReason = Extract<SessionState, { status: "refreshing" }>["reason"];

const renewalWords: Record<RefreshReason, string> = {
  missing: "There is no token yet.",
  expiring: "The current token is still valid.",
  expired: "The token has expired.",
  rejected: "The server refused the token.",
  forced: "This page asked for it.",
};

/** "Next try in 3 s.", or "Trying again now." once the instant has passed. */
export function againWords(retryAt: number, now: number): string {
  const seconds = Math.ceil((retryAt - now) / 1_000);
  return seconds > 0 ? `Next try in ${seconds} s.` : "Trying again now.";
}
