import { type Defined, defined } from "../defined.ts";
import { check } from "../option-check.ts";

/** The tokens of one signed-in user. */
export interface TokenSet {
  accessToken: string;
  /** Absent if the server keeps it in an HttpOnly cookie. */
  refreshToken?: string | undefined;
  /** Who the tokens are for. Default: what the `subject` option reads from the access token. */
  subject?: string | undefined;
  /** When the access token expires: ms since the epoch, by this machine's clock. */
  expiresAt?: number | undefined;
  /**
   * Which sign-in the tokens come from. AuthSession makes it at each sign-in, keeps it at each refresh and stores it with the
   * tokens. It tells whether two tokens without a subject belong to the same user (B16).
   */
  signInId?: string | undefined;
}

/** What the JSON of a refresh endpoint may say besides the access token. */
interface TokenDetails {
  refreshToken?: string | null | undefined;
  refresh_token?: string | null | undefined;
  /** in seconds */
  expiresIn?: number | undefined;
  /** in seconds */
  expires_in?: number | undefined;
  subject?: string | undefined;
}

/** The JSON of a refresh endpoint. The same fields may stand under `data`, `tokens` or `session`. */
export type TokenResponse = TokenDetails &
  (
    | { token: string }
    | { accessToken: string }
    | { access_token: string }
    | { data: unknown }
    | { tokens: unknown }
    | { session: unknown }
  );

/** What `signIn()` takes: a token set, or what the refresh endpoint or the login answers. */
export type SignInTokens = TokenSet | TokenResponse;

/** A set whose undefined members are absent. */
export type KnownTokens = Defined<TokenSet>;

// T21: what a page, a server or a store hands over as a token may be anything. `localStorage` turns a forgotten value
// into the words "undefined" and "null"; longer than this, no HTTP server would take it in a header.
const MAX_LENGTH = 16_384;

/** Below this, an instant was given in seconds: as ms it lies in 1973, as seconds in the year 5138. */
const LEAST_INSTANT = 1e11;

/** Where the answer of an endpoint may nest its tokens. */
const NESTS = ["data", "tokens", "session"] as const;

function isToken(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_LENGTH && !/^(undefined|null|)$/.test(value);
}

/** Many a database numbers its users. */
export function subjectOf(value: unknown): string | undefined {
  const subject = Number.isSafeInteger(value) ? `${value}` : value;
  return isToken(subject) ? subject : undefined;
}

/** Whether an `expiresAt` was given in seconds. */
export function isInSeconds(expiresAt: unknown): boolean {
  return typeof expiresAt === "number" && expiresAt < LEAST_INSTANT;
}

/**
 * The token set that a value from outside holds, reduced to what is known and well-formed (S5); undefined: none. An
 * `expiresAt` in seconds is left out.
 */
export function readTokenSet(value: unknown): KnownTokens | undefined {
  const { accessToken, refreshToken, subject, expiresAt, signInId } = Object(
    isToken(value) ? { accessToken: value } : value,
  );
  if (!isToken(accessToken)) return undefined;
  return defined({
    accessToken,
    refreshToken: isToken(refreshToken) ? refreshToken : undefined,
    subject: subjectOf(subject),
    expiresAt: Number.isFinite(expiresAt) && !isInSeconds(expiresAt) ? (expiresAt as number) : undefined,
    signInId: isToken(signInId) ? signInId : undefined,
  });
}

/**
 * The tokens in the JSON of an endpoint: at its top, else one level below.
 *
 * @param now when it was received: its lifetime counts from there (B5)
 */
export function readTokenResponse(body: unknown, now: number): KnownTokens | undefined {
  const top = Object(body);
  for (const answer of [top, ...NESTS.map((nest) => Object(top[nest]))]) {
    const lifetime = Number(answer.expiresIn ?? answer.expires_in);
    const tokens = readTokenSet({
      accessToken: answer.token ?? answer.accessToken ?? answer.access_token,
      refreshToken: answer.refreshToken ?? answer.refresh_token,
      subject: answer.subject,
      expiresAt: lifetime > 0 ? now + lifetime * 1000 : undefined,
    });
    if (tokens) return tokens;
  }
  return undefined;
}

/** @throws TypeError where there is no access token in it, or an `expiresAt` in seconds */
export function readSignInTokens(value: unknown, now: number): KnownTokens {
  const { accessToken, expiresAt, expiresIn, expires_in } = Object(value);
  check(
    !isInSeconds(expiresAt),
    "expiresAt",
    "in ms since the epoch, and this is in seconds: multiply it by 1000",
  );
  const isSet = isToken(value) || (accessToken !== undefined && (expiresIn ?? expires_in) === undefined);
  const tokens = isSet ? readTokenSet(value) : readTokenResponse(value, now);
  check(tokens !== undefined, "tokens", "a token, a TokenSet or the JSON of the refresh endpoint");
  return tokens;
}

/** A text from outside, without what is shaped like a JWT (S1, S2). Its dots may be percent-encoded. */
export function withoutJwt(text: string): string {
  return text.replace(/eyJ[\w-]+(\.|%2e)[\w-]+(\.|%2e)[\w-]*/gi, "[token]");
}
