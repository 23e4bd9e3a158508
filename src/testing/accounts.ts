import type { TokenSet } from "authsocket";
import { AuthError } from "../server/auth-error.ts";
import { jwt } from "./jwt.ts";
import { type Clock, globalClock } from "./time/clock.ts";

export interface IssueOptions {
  /** Who the tokens are for. Default: "alice". */
  subject?: string | undefined;
  /**
   * How many ms each access token lives, the refreshed ones too. Default: 900 000, a quarter of an hour. With 0 or less, the
   * first token is expired already, and the next ones live for the default.
   */
  lifetime?: number | undefined;
  /** Further claims of the access tokens. */
  claims?: Record<string, unknown> | undefined;
}

/** For the servers of test/, which need other accounts than the test server. */
export interface AccountsOptions {
  /** Default: the global one. */
  clock?: Pick<Clock, "now">;
  /** ms for which a used refresh token is answered again, because two tabs may have sent it at once. Default: 10 000 */
  grace?: number;
  /** A word that each token contains. Default: "authsocket-testing" */
  mark?: string;
  /** Whether access tokens are opaque. Default: they are JWTs. */
  isOpaque?: boolean;
  /** Called when a refresh token was used twice. */
  reused?: (signIn: SignIn) => void;
}

/** One sign-in: its access tokens, and one refresh token after the other. */
export interface SignIn {
  readonly subject: string;
  /** How many ms the next access tokens live */
  lifetime: number;
  readonly claims: Record<string, unknown> | undefined;
  /** The refresh token that is valid now. */
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

/** The tokens that a server has issued. */
export class Accounts {
  readonly #accesses = new Map<string, Access>();
  /** Every refresh token ever issued, and when it was used. */
  readonly #refreshTokens = new Map<string, { signIn: SignIn; usedAt?: number }>();
  readonly #clock: Pick<Clock, "now">;
  readonly #grace: number;
  readonly #mark: string;
  readonly #isOpaque: boolean;
  readonly #reused: (signIn: SignIn) => void;
  #count = 0;

  constructor({
    clock = globalClock,
    grace = 10_000,
    mark = "authsocket-testing",
    isOpaque = false,
    reused = () => {},
  }: AccountsOptions = {}) {
    this.#clock = clock;
    this.#grace = grace;
    this.#mark = mark;
    this.#isOpaque = isOpaque;
    this.#reused = reused;
  }

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
    return { signIn, tokens: this.#tokens(signIn, lifetime) };
  }

  /** Whose an access token is, while it is valid. */
  verify(token: unknown): Access | AuthError {
    if (token === undefined || token === null || token === "") return new AuthError("token_missing");
    const access = this.find(token);
    if (!access) return new AuthError("token_invalid");
    return access.expiresAt > this.#clock.now() ? access : new AuthError("token_expired");
  }

  /** Whose an access token is, valid or not. */
  find(token: unknown): Access | undefined {
    return typeof token === "string" ? this.#accesses.get(token) : undefined;
  }

  /** Whose a refresh token is or was. */
  owner(refreshToken: string | undefined): SignIn | undefined {
    return this.#refreshTokens.get(refreshToken ?? "")?.signIn;
  }

  /** @returns undefined if it may not be refreshed. A refresh token that is used twice ends the sign-in, as after a theft */
  refresh(refreshToken: string | undefined): TokenSet | undefined {
    const issued = this.#refreshTokens.get(refreshToken ?? "");
    if (!issued || issued.signIn.isOver) return undefined;
    const { signIn, usedAt } = issued;
    if (usedAt === undefined) return this.renew(signIn);
    // Both get the same refresh token. With two of them, the next refresh of one tab would look like a second use.
    if (this.#clock.now() - usedAt < this.#grace) return this.#tokens(signIn);
    signIn.isOver = true;
    this.#reused(signIn);
    return undefined;
  }

  /** The next tokens of a sign-in. */
  renew(signIn: SignIn): TokenSet {
    const used = this.#refreshTokens.get(signIn.refreshToken);
    if (used) used.usedAt = this.#clock.now();
    this.#rotate(signIn);
    return this.#tokens(signIn);
  }

  #rotate(signIn: SignIn): void {
    signIn.refreshToken = `${this.#mark}-refresh-${++this.#count}`;
    this.#refreshTokens.set(signIn.refreshToken, { signIn });
  }

  #tokens(signIn: SignIn, lifetime = signIn.lifetime): TokenSet {
    const { subject, claims, refreshToken } = signIn;
    const now = this.#clock.now();
    const expiresAt = now + lifetime;
    const id = `${++this.#count}`;
    const accessToken = this.#isOpaque
      ? `${this.#mark}-${id}`
      : jwt(
          {
            sub: subject,
            iat: Math.min(now, expiresAt - signIn.lifetime) / 1000,
            exp: expiresAt / 1000,
            jti: id,
            ...claims,
          },
          this.#mark,
        );
    this.#accesses.set(accessToken, { signIn, expiresAt });
    return { accessToken, expiresAt, refreshToken };
  }
}
