/** What `verify` knows of a valid token. */
export interface Identity<Claims = unknown> {
  /** Who the token is for: equal subjects are one user. */
  subject: string;
  /** ms since the epoch, by this server's clock. The connection is cut then unless it is renewed. */
  expiresAt: number;
  /** Whatever `authorize` and the event handlers need to know; plain data, since recovery may store it elsewhere. */
  claims: Claims;
}

/** The part of `socket.data` that is kept up to date: the identity of the latest valid token, frozen. */
export interface AuthData<Claims = unknown> {
  auth: Identity<Claims>;
}

/** An `expiresAt` below this (March 1973 in ms) was given in seconds. */
const EARLIEST_EXPIRY = 1e11;

/**
 * The identity that `verify` has answered, as a frozen copy.
 *
 * @throws TypeError for an answer that is none: a mistake of the server's own code
 */
export function toIdentity(answer: unknown): Identity {
  const { subject, expiresAt, claims } = Object(answer);
  if (typeof subject !== "string" || subject === "") {
    throw new TypeError('verify must answer { subject, expiresAt }: "subject" must be a non-empty string');
  }
  if (typeof expiresAt !== "number" || !Number.isFinite(expiresAt) || expiresAt < EARLIEST_EXPIRY) {
    throw new TypeError(
      'verify must answer { subject, expiresAt }: "expiresAt" must be a number of milliseconds since the epoch, ' +
        "for a JWT exp * 1000",
    );
  }
  return Object.freeze({ subject, expiresAt, claims });
}
