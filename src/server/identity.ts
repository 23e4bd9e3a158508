/** What `verify` knows of a valid token. */
export interface Identity<Claims = unknown> {
  /** Who the token is for: equal subjects are one user. */
  subject: string;
  /** ms since the epoch, by this server's clock. The connection is cut then unless it is renewed. */
  expiresAt: number;
  /** Whatever `authorize` and the event handlers need to know; plain data, since recovery may store it elsewhere. */
  claims: Claims;
}

/** The part of `socket.data` that is kept up to date: the identity of the latest valid token. */
export interface AuthData<Claims = unknown> {
  auth: Identity<Claims>;
}

/** Whether something has what an identity needs; its claims are the caller's own matter. */
export function isIdentity(value: unknown): value is Identity {
  const { subject, expiresAt } = Object(value);
  return typeof subject === "string" && subject !== "" && Number.isFinite(expiresAt);
}
