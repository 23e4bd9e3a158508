import { defined } from "./defined.ts";

/** The tokens of one signed-in user. */
export interface TokenSet {
  accessToken: string;
  /** Held by the page only where the server does not keep it in an HttpOnly cookie. */
  refreshToken?: string;
  /** Who the tokens are for; default: what the `subject` option reads from the access token. */
  subject?: string;
  /** When the access token expires: ms since the epoch, by this machine's clock. */
  expiresAt?: number;
}

// T21: what a page, a server or a store hands over as a token may be anything. `localStorage` turns a forgotten value
// into the words "undefined" and "null"; longer than this, no HTTP server would take it in a header.
const MAX_LENGTH = 16_384;

function isToken(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_LENGTH && !/^(undefined|null|)$/.test(value);
}

/** The token set that a value from outside holds, reduced to what is known and well-formed (S5); undefined: none. */
export function readTokenSet(value: unknown): TokenSet | undefined {
  const { accessToken, refreshToken, subject, expiresAt } = Object(
    isToken(value) ? { accessToken: value } : value,
  );
  if (!isToken(accessToken)) return undefined;
  return defined({
    accessToken,
    refreshToken: isToken(refreshToken) ? refreshToken : undefined,
    subject: isToken(subject) ? subject : undefined,
    expiresAt: Number.isFinite(expiresAt) ? (expiresAt as number) : undefined,
  });
}

/** A text from outside, less whatever is shaped like a JWT (S1, S2). */
export function withoutJwt(text: string): string {
  return text.replace(/eyJ[\w-]+\.[\w-]+\.[\w-]*/g, "[token]");
}
