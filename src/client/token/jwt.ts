import { type JwtPayload, jwtDecode } from "jwt-decode";

/** The claims of a JWT, as the token itself tells them: read, not verified. */
export type Claims = JwtPayload & { readonly [claim: string]: unknown };

/** S5: claims schedule and name the subject, and decide nothing else. An opaque token has none. */
export function readClaims(token: string): Claims | undefined {
  try {
    const claims: unknown = jwtDecode(token);
    return typeof claims === "object" && claims ? Object.freeze(claims as Claims) : undefined;
  } catch {
    return undefined;
  }
}
