import type { TokenSet } from "authsocket";
import { AuthError } from "../server/auth-error.ts";

export interface IssueOptions {
  /** Who the tokens are for. Default: "alice". */
  subject?: string | undefined;
  /**
   * ms for which each access token is good, the refreshed ones too. Default: 900 000, a quarter of an hour. One that is not
   * positive makes this first token an expired one; those that follow it live for the default.
   */
  lifetime?: number | undefined;
  /** More claims of the access tokens. */
  claims?: Record<string, unknown> | undefined;
}

/** Everything that one sign-in brings forth: access tokens, and one refresh token after the other. */
export interface SignIn {
  readonly subject: string;
  /** ms */
  readonly lifetime: number;
  readonly claims: Record<string, unknown> | undefined;
  /** The refresh token that is good now. */
  refreshToken: string;
  isOver: boolean;
}

/** What the server knows of an access token. */
export interface Access {
  readonly signIn: SignIn;
  /** ms since the epoch */
  expiresAt: number;
}

const DEFAULT_LIFETIME = 900_000;

/** ms for which a refresh token that was used is answered once more: two tabs may have sent it at once. */
const GRACE = 10_000;

/** The tokens of a server, which it knows again. */
export class Accounts {
  readonly #accesses = new Map<string, Access>();
  /** Every refresh token ever issued, and when it was used. */
  readonly #refreshTokens = new Map<string, { signIn: SignIn; usedAt?: number }>();
  #count = 0;

  issue({ subject = "alice", lifetime = DEFAULT_LIFETIME, claims }: IssueOptions = {}): {
    signIn: SignIn;
    tokens: TokenSet;
  } {
    if (!Number.isFinite(lifetime)) throw new TypeError(`"lifetime" must be a number of ms, not ${lifetime}`);
    const signIn = {
      subject,
      lifetime: lifetime > 0 ? lifetime : DEFAULT_LIFETIME,
      claims,
      refreshToken: "",
      isOver: false,
    };
    this.#rotate(signIn);
    return { signIn, tokens: { ...this.#access(signIn, lifetime), refreshToken: signIn.refreshToken } };
  }

  /** Whose an access token is, as long as it is good. */
  verify(token: unknown): Access | AuthError {
    if (token === undefined || token === null || token === "") return new AuthError("token_missing");
    const access = this.find(token);
    if (!access) return new AuthError("token_invalid");
    return access.expiresAt > Date.now() ? access : new AuthError("token_expired");
  }

  /** Whose an access token is, good or not. */
  find(token: unknown): Access | undefined {
    return typeof token === "string" ? this.#accesses.get(token) : undefined;
  }

  /** Whose a refresh token is or was. */
  owner(refreshToken: string | undefined): SignIn | undefined {
    return this.#refreshTokens.get(refreshToken ?? "")?.signIn;
  }

  /** @returns undefined where it is not to be refreshed; a refresh token that is used twice ends the sign-in, as a theft would */
  refresh(refreshToken: string): TokenSet | undefined {
    const issued = this.#refreshTokens.get(refreshToken);
    if (!issued || issued.signIn.isOver) return undefined;
    const { signIn, usedAt } = issued;
    if (usedAt !== undefined && Date.now() - usedAt > GRACE) {
      signIn.isOver = true;
      return undefined;
    }
    return this.renew(signIn);
  }

  /** The next tokens of a sign-in. */
  renew(signIn: SignIn): TokenSet {
    const used = this.#refreshTokens.get(signIn.refreshToken);
    if (used) used.usedAt = Date.now();
    this.#rotate(signIn);
    return { ...this.#access(signIn, signIn.lifetime), refreshToken: signIn.refreshToken };
  }

  #rotate(signIn: SignIn): void {
    signIn.refreshToken = `refresh-${++this.#count}`;
    this.#refreshTokens.set(signIn.refreshToken, { signIn });
  }

  #access(signIn: SignIn, lifetime: number): TokenSet {
    const { subject, claims } = signIn;
    const now = Date.now();
    const expiresAt = now + lifetime;
    const accessToken = jwt({
      sub: subject,
      iat: Math.min(now, expiresAt - signIn.lifetime) / 1000,
      exp: expiresAt / 1000,
      jti: `${++this.#count}`,
      ...claims,
    });
    this.#accesses.set(accessToken, { signIn, expiresAt });
    return { accessToken, expiresAt };
  }
}

/** A JWT whose signature nobody checks: the server knows its tokens by heart. */
function jwt(claims: object): string {
  return `${base64url({ alg: "none", typ: "JWT" })}.${base64url(claims)}.authsocket-testing`;
}

function base64url(part: object): string {
  // btoa takes bytes, and JSON has an escape for every other character.
  const ascii = JSON.stringify(part).replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return btoa(ascii).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
}
