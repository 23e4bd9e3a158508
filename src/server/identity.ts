/** What `verify` answers about a valid token. */
export interface Identity<Claims = unknown> {
  /** Who the token is for. Equal subjects are the same user. */
  subject: string;
  /** ms since the epoch, by this server's clock. The connection ends then, unless it is renewed before. */
  expiresAt: number;
  /** Whatever `authorize` and your event handlers need. Plain data, because recovery may store it elsewhere. */
  claims: Claims;
}

/** The part of `socket.data` that the guard writes: the identity of the latest valid token, frozen. */
export interface AuthData<Claims = unknown> {
  auth: Identity<Claims>;
}

/** An `expiresAt` below this (March 1973 in ms) was given in seconds. */
const EARLIEST_EXPIRY = 1e11;

/**
 * Returns the identity that `verify` has answered, as a frozen copy.
 *
 * @throws TypeError if the answer is not an identity, which is a mistake of the server's own code
 */
export function toIdentity(answer: unknown): Identity {
  const { subject, expiresAt, claims } = Object(answer);
  if (typeof subject !== "string" || subject === "") {
    throw new TypeError('"verify" must return { subject, expiresAt }: "subject" must be a non-empty string');
  }
  if (typeof expiresAt !== "number" || !Number.isFinite(expiresAt) || expiresAt < EARLIEST_EXPIRY) {
    throw new TypeError(
      '"verify" must return { subject, expiresAt }: "expiresAt" must be a number of milliseconds since the epoch, ' +
        "for a JWT exp * 1000",
    );
  }
  return Object.freeze({ subject, expiresAt, claims });
}
