import type { TokenSource } from "../client/refresh/source.ts";
import { isForcing } from "./forcing.ts";
import { toMilliseconds } from "./milliseconds.ts";

/**
 * What `keycloakSource` uses of `Keycloak`, from `keycloak-js`. It also listens to `onReady`, `onAuthSuccess`,
 * `onAuthRefreshSuccess`, `onAuthLogout` and `onAuthError`, and leaves them to the app as they were.
 */
export interface KeycloakLike {
  /** Whether `init()` has been called. */
  readonly didInitialize?: boolean | undefined;
  readonly token?: string | undefined;
  /** Missing in the implicit flow, where the client uses no refresh tokens, and after `init({ token })`. */
  readonly refreshToken?: string | undefined;
  readonly tokenParsed?: { exp?: number | undefined } | undefined;
  /** In seconds: this clock less the server's. */
  readonly timeSkew?: number | null | undefined;
  updateToken(minValidity: number): Promise<boolean>;
}

/** In seconds: a token that ends sooner is refreshed whenever one is asked for. */
const minimumLeft = 30;

/**
 * Takes the tokens from Keycloak's client, and follows its sign-in, sign-out and refreshes. Make the source before you call
 * `init()`: it then waits until that has ended.
 *
 * Keycloak's client tells the other tabs of a sign-out only if its `checkLoginIframe` works, which needs third-party
 * cookies. Call `session.signOut()` before `logout()`, and `session.signIn()` after each sign-in, also after a redirect. The
 * session then tells the other tabs.
 *
 * @example
 * const keycloak = new Keycloak({ url, realm, clientId });
 * const auth = new AuthSocket("/", { source: keycloakSource(keycloak) });
 * await keycloak.init({ onLoad: "check-sso" });
 */
export function keycloakSource(keycloak: KeycloakLike): TokenSource {
  const listeners = new Set<() => void>();
  // When Keycloak is asked for a token that ends within `minimumLeft`, it refreshes. If it was asked after each refresh, a token
  // with a short life would be refreshed without end. So the first question after a refresh is answered with the new token.
  let refreshed = false;
  const ready = new Promise<void>((resolve) => {
    if (keycloak.didInitialize !== false) resolve();
    const heard = () => {
      resolve();
      refreshed = true;
      for (const changed of listeners) changed();
    };
    for (const name of ["onReady", "onAuthSuccess", "onAuthRefreshSuccess", "onAuthLogout"]) {
      onCallback(keycloak, name, heard);
    }
    // With an error of the server's, as when the user cancels, `init()` rejects and "onReady" never comes. Without one it may.
    onCallback(keycloak, "onAuthError", (error) => error && heard());
  });

  return {
    async get({ reason }) {
      await ready;
      const force = isForcing(reason);
      const held = refreshed && !force;
      refreshed = false;
      try {
        // Without a refresh token there is no other one. What one server refuses may be good elsewhere, until it expires (B7).
        if (keycloak.token && !keycloak.refreshToken) return reason === "expired" ? null : present(keycloak);
        if (keycloak.token && !held) await keycloak.updateToken(force ? -1 : minimumLeft);
      } catch (failure) {
        // When the server refuses a refresh, Keycloak drops the token. Before version 26 it then rejects without an error.
        if (keycloak.token && failure) throw failure;
        return null;
      }
      return present(keycloak);
    },
    subscribe(changed) {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
  };
}

function present({ token, tokenParsed, timeSkew }: KeycloakLike) {
  const exp = tokenParsed?.exp;
  return token && { accessToken: token, expiresAt: toMilliseconds(exp && exp + (timeSkew ?? 0)) };
}

/** Keycloak has room for one callback of each kind. If the app sets one too, before or after, both are called. */
function onCallback(keycloak: object, name: string, listener: (argument: unknown) => void): void {
  let theirs = Reflect.get(keycloak, name);
  Object.defineProperty(keycloak, name, {
    configurable: true,
    get: () => (argument: unknown) => {
      listener(argument);
      theirs?.call(keycloak, argument);
    },
    set: (callback) => {
      theirs = callback;
    },
  });
}
