import type { Identity } from "authsocket/server";
import type { JWTPayload } from "jose";
import type { Profile, Role } from "../../socket-events.ts";

/** Who the access tokens are for: the sockets of this demo. */
export const AUDIENCE = "authsocket-demo-socket";

/** What an access token says about its user, besides the subject and the expiry. */
export interface Claims {
  username: string;
  email: string;
  role: Role;
  /** The refresh family that the token belongs to: one browser in which the user has signed in. */
  familyId: string;
  /** ms since the epoch */
  issuedAt: number;
}

// `exp` and `iat` may have fractions (RFC 7519, NumericDate), which lets a lifetime be any number of milliseconds.
export const toNumericDate = (instant: number): number => instant / 1000;
const fromNumericDate = (seconds: number): number => Math.round(seconds * 1000);

/** The user of a verified token. undefined if a claim is missing. */
export function toIdentity(payload: JWTPayload): Identity<Claims> | undefined {
  const { sub, username, email, role, sid, iat, iat_ms, exp } = payload;
  if (
    typeof sub !== "string" ||
    typeof sid !== "string" ||
    typeof iat !== "number" ||
    typeof exp !== "number"
  )
    return undefined;
  if (typeof username !== "string" || typeof email !== "string") return undefined;
  if (role !== "user" && role !== "admin") return undefined;
  return {
    subject: sub,
    expiresAt: fromNumericDate(exp),
    claims: {
      username,
      email,
      role,
      familyId: sid,
      issuedAt: typeof iat_ms === "number" ? iat_ms : fromNumericDate(iat),
    },
  };
}

/** The user of a socket, in the form that pages are sent. */
export function profileOf({ subject, claims }: Identity<Claims>): Profile {
  const { username, email, role } = claims;
  return { id: subject, username, email, role };
}
