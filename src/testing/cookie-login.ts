import type { TokenSet } from "authsocket";
import type { Accounts, IssueOptions, SignIn } from "./accounts.ts";
import type { RefreshAnswer, RefreshCallRequest } from "./test-refresh.ts";

/** The refresh cookie, and the session cookie where the app has no tokens. */
export interface Cookie {
  readonly signIn: SignIn;
  /** when the session ends, in ms since the epoch */
  expiresAt: number;
}

/** The sign-ins that a cookie names, and how the refresh endpoint answers by it. */
export class CookieLogin {
  readonly #accounts: Accounts;
  readonly #signIns = new WeakSet<SignIn>();
  #cookie: Cookie | undefined;

  constructor(accounts: Accounts) {
    this.#accounts = accounts;
  }

  /** The cookie of the latest login: what the browser sends along at the moment. */
  get cookie(): Cookie | undefined {
    return this.#cookie;
  }

  login(options?: IssueOptions): TokenSet {
    const { signIn, tokens } = this.#accounts.issue(options);
    this.#signIns.add(signIn);
    this.#cookie = { signIn, expiresAt: tokens.expiresAt ?? 0 };
    return tokens;
  }

  /** Ends the cookie's sign-in at the server. */
  logout(): void {
    if (this.#cookie) this.#cookie.signIn.isOver = true;
    this.#cookie = undefined;
  }

  /**
   * Whom the cookie of a client names. A client that holds a token of a login has the cookie of that login: otherwise two clients
   * with a user each would share the later one's. Tokens that were only issued come without a cookie.
   */
  signInOf(accessToken: string | undefined): SignIn | undefined {
    const own = this.#accounts.find(accessToken)?.signIn;
    return own && this.#signIns.has(own) ? own : this.#cookie?.signIn;
  }

  /** What the refresh endpoint answers when it works. */
  refresh({ refreshToken, signIn, isCookieSession }: RefreshCallRequest): RefreshAnswer {
    if (refreshToken !== undefined) {
      const tokens = this.#accounts.refresh(refreshToken);
      return tokens ? { status: 200, body: bodyOf(tokens) } : { status: 401, body: {} };
    }
    if (!signIn || signIn.isOver) return { status: 401, body: {} };
    if (isCookieSession && this.#cookie) {
      this.#cookie.expiresAt = Date.now() + signIn.lifetime;
      return { status: 200, body: { expiresIn: signIn.lifetime / 1_000 } };
    }
    // The refresh token stays in the cookie.
    const { refreshToken: _, ...tokens } = this.#accounts.renew(signIn);
    return { status: 200, body: bodyOf(tokens) };
  }
}

function bodyOf({ expiresAt = 0, ...tokens }: TokenSet): object {
  return { ...tokens, expiresIn: (expiresAt - Date.now()) / 1_000 };
}
