import type { SessionState } from "./core/session-state.ts";
import type { TokenSet } from "./core/token-set.ts";
import { check } from "./option-check.ts";
import { browserPlatform, type Platform } from "./platform/platform.ts";
import { Session } from "./session.ts";
import type { AuthSessionOptions } from "./session-options.ts";

const sessions = new WeakMap<AuthSession, Session>();

/** The machinery behind a public session, for the sockets that share it. */
export function sessionOf(session: AuthSession): Session {
  const machinery = sessions.get(session);
  check(machinery !== undefined, "session", "an AuthSession");
  return machinery;
}

/**
 * One signed-in user: a token that is always fresh, for any number of sockets and HTTP calls.
 *
 * @example
 * const session = new AuthSession({ refresh: "/api/refresh-token" });
 * const chat = new AuthSocket("/chat", { session });
 * await fetch("/api/me", { headers: { Authorization: `Bearer ${await session.getToken()}` } });
 */
export class AuthSession {
  readonly #session: Session;

  /**
   * Does no I/O: the store is read when somebody first asks for the state or a token (B20).
   *
   * @throws TypeError for an option that is no good; AuthSocketError `insecure_url`, `token_in_url` for such a `refresh`
   */
  constructor(options: AuthSessionOptions, platform: Platform = browserPlatform) {
    // A Hub brings the one that it has made, for which nobody has asked until now.
    this.#session = options instanceof Session ? options : new Session(options, platform);
    sessions.set(this, this.#session);
    this.getToken = this.getToken.bind(this);
    this.signIn = this.signIn.bind(this);
    this.signOut = this.signOut.bind(this);
    this.subscribe = this.subscribe.bind(this);
    this.dispose = this.dispose.bind(this);
  }

  /** Immutable; a new object for each change, the same object until then. */
  get state(): SessionState {
    return this.#session.state;
  }

  /**
   * An access token that is good now: at once where there is one, else from the one refresh that all share.
   *
   * @param options `forceRefresh`: a new one even so. `signal`: to stop waiting for it
   * @throws AuthSocketError `signed_out`, `session_expired` or `token_rejected` where nobody is signed in; where an attempt
   * to refresh fails, its error (`refresh_failed`, `refresh_timeout`, `invalid_response`); the signal's reason
   */
  getToken(options: { forceRefresh?: boolean; signal?: AbortSignal } = {}): Promise<string> {
    return this.#session.getToken(options.forceRefresh === true, options.signal);
  }

  /**
   * Signs a user in: every socket of this session connects by itself. Resolves when the tokens are stored.
   *
   * To change the user, await `signOut()` before the new one's login. With a refresh cookie that is good for one use, a tab
   * that refreshes for the old user after the login's answer and before this call uses up the new one's.
   *
   * @param tokens an access token or a token set; none where the store, or a refresh cookie, already holds what it takes
   * @throws TypeError where there is no access token in it; without tokens, as `getToken()` does
   */
  signIn(tokens?: TokenSet | string): Promise<void> {
    return this.#session.signIn(tokens);
  }

  /**
   * Signs the user out: every socket disconnects, what is unsent is dropped, and a persistent store remembers it.
   * Ending the session at the server is the app's to do. Resolves when the store is empty.
   */
  signOut(): Promise<void> {
    return this.#session.signOut();
  }

  /** Calls the listener with each new state. Returns its undo. */
  subscribe(listener: (state: SessionState) => void): () => void {
    this.#session.read();
    return this.#session.published.subscribe(listener);
  }

  /**
   * Final and idempotent: ends every timer, listener and pending call. Nothing is signed out. A refresh that another token
   * has overtaken already is seen to its end: the cookie that answers it is the next session's.
   */
  dispose(): void {
    this.#session.dispose();
  }
}
