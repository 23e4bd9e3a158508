/**
 * What both ends of the wire share: event names, refusal codes and payloads. PROTOCOL.md says it in full.
 */

/** CONNECT payload: what the client sends when it opens a namespace. */
export interface ConnectPayload {
  token: string;
}

/** `data.code` of a CONNECT_ERROR that a new token can cure. */
export const TOKEN_CODES = ["token_missing", "token_invalid", "token_expired", "token_revoked"] as const;
export type TokenCode = (typeof TOKEN_CODES)[number];

/** `data.code` of a refusal that no token of this user can cure. */
export const INSUFFICIENT_SCOPE = "insufficient_scope";

/** `data.code` of a refusal for lack of service; `data.retryAfter` in ms may come with it. */
export const UNAVAILABLE = "unavailable";

/** `data` of a CONNECT_ERROR. */
export interface Refusal {
  code: TokenCode | typeof INSUFFICIENT_SCOPE | typeof UNAVAILABLE;
  /** ms, with `unavailable` only */
  retryAfter?: number;
}

/** server → client before a disconnect that ends this socket: `{ reason }`. */
export const REVOKED_EVENT = "auth:revoked";

/** The same, as the widespread tutorial names it. */
export const FORCE_DISCONNECT_EVENT = "forceDisconnect";

/** `data.code` of a refused CONNECT, and `code` of a refused renewal. */
export type RefusalCode = Refusal["code"];

/** server → client, the first new event on every connection and recovery: `Lifetime`. This server renews in band. */
export const SESSION_EVENT = "auth:session";

/** server → client, some seconds before the cut: `Lifetime`. */
export const EXPIRING_EVENT = "auth:expiring";

/** client → server: `ConnectPayload`, acknowledged with a `RenewalAnswer`. */
export const RENEW_EVENT = "auth:renew";

/** What is left of a connection's token. */
export interface Lifetime {
  /** ms from the moment of sending */
  expiresIn: number;
}

/** A refused renewal leaves the connection as it was. */
export interface RenewalRefusal extends Refusal {
  message: string;
}

export type RenewalAnswer = Lifetime | RenewalRefusal;

/** Payload of `auth:revoked`. */
export interface Revocation {
  reason: string;
}
