import type { Subscribable } from "./observable.ts";
import { check } from "./option-check.ts";
import { browserPlatform, type Platform } from "./platform/platform.ts";
import { authorizedFetch } from "./session/authorized-fetch.ts";
import type { AuthSessionOptions } from "./session/options.ts";
import { Session } from "./session/session.ts";
import type { SessionState } from "./session/session-state.ts";
import type { SignInTokens } from "./token/token-set.ts";

/**
 * One signed-in user: a token that is always fresh, for any number of sockets and HTTP calls.
 *
 * @example
 * const session = new AuthSession({ refresh: "/api/refresh-token" });
 * const chat = new AuthSocket("/chat", { session });
 * const me = await session.fetch("/api/me");
 */
export class AuthSession implements Subscribable<SessionState> {
  /** @internal What sockets are fed from. Another copy of the package knows a session by it. */
  readonly "~session": unknown;
  readonly #session: Session;

  /**
   * Does no I/O: the store is read when somebody first asks for the state or a token (B20).
   *
   * @throws TypeError for an invalid option; AuthSocketError `insecure_url`, `token_in_url` for such a `refresh`
   */
  constructor(options: AuthSessionOptions);
  /** @internal */
  constructor(options: AuthSessionOptions, platform: Platform);
  constructor(options: AuthSessionOptions, platform: Platform = browserPlatform) {
    this.#session = new Session(options, platform);
    Object.defineProperty(this, "~session", { value: this.#session });
    for (const method of [
      "whenReady",
      "getToken",
      "fetch",
      "signIn",
      "signOut",
      "subscribe",
      "dispose",
    ] as const) {
      Object.defineProperty(this, method, {
        value: this[method].bind(this),
        configurable: true,
        writable: true,
      });
    }
  }

  /** Immutable; a new object for each change, the same object until then. */
  get state(): SessionState {
    return this.#session.state;
  }

  /** The constant `{ status: "unknown" }`, for server-side rendering and hydration. */
  get serverState(): SessionState {
    return this.#session.observable.initial;
  }

  /**
   * The access token while it is good, at once, for interceptors that cannot wait. Undefined where there is none, where it
   * has expired, and with credential "cookie".
   */
  get token(): string | undefined {
    return this.#session.token;
  }

  /**
   * Resolves once it is known who is signed in: with the state `signedIn`, where there is a token that is good now, or
   * `signedOut`. Asks if need be, and again after failures that may pass.
   *
   * @throws the signal's reason; AuthSocketError `signed_out` where the session is disposed of meanwhile
   * @example if ((await session.whenReady()).status === "signedOut") return redirect("/sign-in");
   */
  whenReady(options: { signal?: AbortSignal | undefined } = {}): Promise<SessionState> {
    return this.#session.whenReady(options.signal);
  }

  /**
   * An access token that is good now: at once where there is one, else from the one refresh that all share.
   *
   * @param options `forceRefresh`: a new one even so. `rejected`: a token that a server has refused; it is refreshed only
   * if it is still the current one, so that ten requests refused at once cost one refresh. `signal`: stops waiting
   * @throws AuthSocketError `signed_out` or `session_expired` where nobody is signed in; `user_changed` where another user
   * has signed in meanwhile; where an attempt to refresh fails, its error (`refresh_failed`, `refresh_timeout`,
   * `invalid_response`); the signal's reason
   */
  async getToken(
    options: {
      forceRefresh?: boolean | undefined;
      rejected?: string | undefined;
      signal?: AbortSignal | undefined;
    } = {},
  ): Promise<string> {
    if (this.#session.isCookie) {
      throw new TypeError(`credential "cookie" has no token to get: requests carry the session's cookie`);
    }
    const { forceRefresh, rejected, signal } = options;
    check(rejected === undefined || typeof rejected === "string", "rejected", "the token that was refused");
    return this.#session.getToken({ force: forceRefresh === true, rejected, signal });
  }

  /**
   * `fetch` with `Authorization: Bearer` and a token that is good now. It sends the token to this page's origin and to the
   * option `origins` only. A 401 refreshes the token and repeats the request once; a request with a streaming body is not
   * repeated. It follows no redirect unless `init.redirect` says so. An Authorization header of yours is left alone.
   *
   * @throws TypeError for another origin or `mode: "no-cors"`; AuthSocketError `signed_out` where nobody is signed in,
   * `user_changed` where another user signs in meanwhile; whatever `fetch` throws
   * @example const me = await (await session.fetch("/api/me")).json();
   */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    return authorizedFetch(this.#session, input, init);
  }

  /**
   * Signs a user in: every socket of this session connects by itself. Resolves when the tokens are stored. Tokens that are
   * there already change nothing, but sockets that were refused try again.
   *
   * To change the user, await `signOut()` before the new one's login. With a refresh cookie that is good for one use, a tab
   * that refreshes for the old user after the login's answer and before this call uses up the new one's.
   *
   * @param tokens an access token, a token set, or the JSON that the login or the refresh endpoint answers. None where the
   * store, a refresh cookie or the source has what it takes
   * @throws TypeError where there is no access token in it, or an `expiresAt` in seconds; without tokens, as `getToken()`
   * @example await session.signIn(await response.json());
   */
  signIn(tokens?: SignInTokens | string): Promise<void> {
    return this.#session.signIn(tokens);
  }

  /**
   * Signs the user out: every socket disconnects, what is unsent is dropped, and a persistent store remembers it.
   * Ending the session at the server is the app's to do. Resolves when the store is empty and no refresh is under way.
   */
  signOut(): Promise<void> {
    return this.#session.signOut();
  }

  /** Calls the listener with each new state. Returns a function that ends it. */
  subscribe(listener: (state: SessionState) => void): () => void {
    void this.#session.state; // the store is asked at the first look
    return this.#session.observable.subscribe(listener);
  }

  /**
   * Final and idempotent: ends every timer, listener and pending call. Nobody is signed out. A refresh that is under way is
   * seen to its end and stored (B22).
   */
  dispose(): void {
    this.#session.dispose();
  }
}
