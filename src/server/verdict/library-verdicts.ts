import { AuthError, refusalOf } from "../auth-error.ts";

type Verdict = "token_expired" | "token_invalid";

/** Errors that are about a token: by their `code` if the library sets one, otherwise by their `name` or class. */
const VERDICTS: readonly [pattern: RegExp, verdict: Verdict][] = [
  // jose
  [/^ERR_JWT_EXPIRED$/, "token_expired"],
  [/^ERR_JW[TSE]_/, "token_invalid"],
  [/^ERR_JOSE_(ALG_NOT_ALLOWED|NOT_SUPPORTED)$/, "token_invalid"],
  [/^ERR_JWKS_(NO|MULTIPLE)_MATCHING_KEYS?$/, "token_invalid"],
  // jsonwebtoken
  [/^TokenExpiredError$/, "token_expired"],
  [/^(JsonWebTokenError|NotBeforeError)$/, "token_invalid"],
  // fast-jwt. Its other codes are about options, keys and signing.
  [/^FAST_JWT_EXPIRED$/, "token_expired"],
  [
    /^FAST_JWT_(INACTIVE|MALFORMED|MISSING_(REQUIRED_CLAIM|SIGNATURE)|INVALID_(TYPE|ALGORITHM|CLAIM_TYPE|CLAIM_VALUE|SIGNATURE|PAYLOAD|CRIT_HEADER))$/,
    "token_invalid",
  ],
  // firebase-admin
  [/^auth\/id-token-expired$/, "token_expired"],
  [/^auth\/(id-token-.+|argument-error)$/, "token_invalid"],
  // aws-jwt-verify. Its other classes are about fetching and reading the keys.
  [/^JwtExpiredError$/, "token_expired"],
  [
    /^(Jwt(Parse|Invalid\w+|NotBefore|WithoutValidKid)|(Cognito|Alb)JwtInvalid\w+|KidNotFoundInJwks)Error$/,
    "token_invalid",
  ],
];

/** jsonwebtoken throws the same class for a bad token and for a key that the server lacks. */
const KEY_TROUBLE = /secret or public key|secretOrPublicKey is not valid/;

/** firebase-admin has one code for a bad token and for keys that it could not fetch. */
const FETCH_TROUBLE = /^Error (while making request|fetching public keys)/;

/**
 * Reads what an error of `verify` says about the token.
 *
 * @returns the refusal, or undefined for a fault: the error says nothing about the token (V1)
 */
export function verdictOf(error: unknown): AuthError | undefined {
  try {
    const own = refusalOf(error);
    if (own) return own;
    const { code, name, message, constructor: type } = Object(error);
    if (name === "JsonWebTokenError" && KEY_TROUBLE.test(message)) return undefined;
    if (code === "auth/argument-error" && FETCH_TROUBLE.test(message)) return undefined;
    for (const said of [code, name, type?.name]) {
      const [, verdict] = VERDICTS.find(([pattern]) => typeof said === "string" && pattern.test(said)) ?? [];
      if (verdict) return new AuthError(verdict, undefined, { cause: error });
    }
  } catch {
    // An error whose getters throw says nothing.
  }
  return undefined;
}
