import { randomUUID } from "node:crypto";
import { jwt } from "../../src/testing/jwt.ts";

/** A JWT with these claims, and a signature that is nobody's. */
export function unsignedJwt(claims: unknown): string {
  return jwt(claims, randomUUID().replaceAll("-", ""));
}

/** The access token of a server whose clock says `now`, different from every other one; times in ms. */
export function timedToken(now: number, lifetime = 900_000, claims: Record<string, unknown> = {}): string {
  return unsignedJwt({ sub: "alice", iat: now / 1000, exp: (now + lifetime) / 1000, ...claims });
}
