import { bindMethods } from "./bound-methods.ts";
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
  /** @internal The inside, for sockets. Another copy of the package recognises a session by it. */
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
    bindMethods(this, "whenReady", "getToken", "fetch", "signIn", "signOut", "subscribe", "dispose");
  }

  /** Immutable; a new object for each change, the same object until then. */
  get state(): SessionState {
    return this.#session.shown;
  }

  /** The constant `{ status: "unknown" }`, for server-side rendering and hydration. */
  get serverState(): SessionState {
    return this.#session.observable.initial;
  }

  /**
   * The access token while it is valid, for interceptors that cannot wait. Undefined if there is none, if it has expired, and
   * with credential "cookie".
   */
  get token(): string | undefined {
    return this.#session.token;
  }

  /**
   * Resolves when the session knows whether a user is signed in. The state is `signedIn`, with a token that is valid now, or
   * `signedOut`. It asks the refresh endpoint if necessary, and again after temporary failures.
   *
   * @throws the signal's reason; AuthSocketError `signed_out` if the session is disposed of meanwhile
   * @example if ((await session.whenReady()).status === "signedOut") return redirect("/sign-in");
   */
  whenReady(options: { signal?: AbortSignal | undefined } = {}): Promise<SessionState> {
    return this.#session.whenReady(options.signal);
  }

  /**
   * An access token that is valid now: at once if there is one, otherwise from the refresh that all callers share.
   *
   * @param options `forceRefresh`: a new one in any case. `rejected`: a token that a server has refused. The session
   * refreshes only if it is still the current one, so that ten requests refused at once cost one refresh. If the
   * session's last refresh was less than ten seconds ago, or if the token before this one was refused too, it returns the
   * refused token. `signal`: stops waiting
   * @throws AuthSocketError `signed_out` or `session_expired` if nobody is signed in; `user_changed` if another user has
   * signed in meanwhile; the error of a refresh that fails (`refresh_failed`, `refresh_timeout`, `invalid_response`); the
   * signal's reason; TypeError with credential "cookie", and for a relative URL of the endpoint outside a browser
   */
  async getToken(
    options: {
      forceRefresh?: boolean | undefined;
      rejected?: string | undefined;
      signal?: AbortSignal | undefined;
    } = {},
  ): Promise<string> {
    if (this.#session.isCookie) {
      throw new TypeError(`credential "cookie" has no token: the browser sends the cookie`);
    }
    const { forceRefresh, rejected, signal } = options;
    check(rejected === undefined || typeof rejected === "string", "rejected", "the token that was refused");
    return this.#session.getToken({ force: forceRefresh === true, rejected, signal });
  }

  /**
   * `fetch` with `Authorization: Bearer` and a token that is valid now. It sends the token only to this page's origin and to
   * those in the option `origins`. After a 401 it refreshes the token and repeats the request once, unless the body is a
   * stream. It follows no redirect unless `init.redirect` says so. With credential "cookie" it sends the cookie instead of a
   * token, and follows redirects as `fetch` does. If you set an Authorization header, it does the same as `fetch`.
   *
   * @throws TypeError for another origin, for `mode: "no-cors"` and for a redirect; the AuthSocketErrors of `getToken()`;
   * whatever `fetch` throws
   * @example const me = await (await session.fetch("/api/me")).json();
   */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    return authorizedFetch(this.#session, input, init);
  }

  /**
   * Signs a user in: every socket of this session that is `signedOut` connects automatically. Resolves when the tokens are
   * stored; without tokens, when there is a valid one; with credential "cookie", at once. Tokens that are there already change
   * nothing, but sockets that were refused try again.
   *
   * To change the user, await `signOut()` before the new user's login. Otherwise a tab could refresh for the previous user
   * between the login's response and this call, and use up the new user's one-time refresh cookie.
   *
   * @param tokens an access token, a token set, or the JSON that the login or the refresh endpoint returns. Nothing if the
   * store, a refresh cookie or the source already has the tokens, and with credential "cookie"
   * @throws TypeError if `tokens` has no access token, or an `expiresAt` in seconds, and for any tokens with credential
   * "cookie"; without tokens, the errors of `getToken()`
   * @example await session.signIn(await response.json());
   */
  signIn(tokens?: SignInTokens | string): Promise<void> {
    return this.#session.signIn(tokens);
  }

  /**
   * Signs the user out: every socket disconnects, unsent messages are dropped, and a persistent store remembers it. Your app
   * has to end the session at the server. Resolves when the store is empty and no refresh is in progress.
   */
  signOut(): Promise<void> {
    return this.#session.signOut();
  }

  /** Calls the listener with each new state. Returns a function that ends it. */
  subscribe(listener: (state: SessionState) => void): () => void {
    this.#session.look();
    return this.#session.observable.subscribe(listener);
  }

  /**
   * Ends every timer, listener and pending call for good. It signs nobody out. A refresh in progress is finished and its
   * tokens are stored (B22). Calling it again does nothing.
   */
  dispose(): void {
    this.#session.dispose();
  }
}
