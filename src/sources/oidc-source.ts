import type { TokenSource } from "../client/refresh/source.ts";
import { isForcing } from "./forcing.ts";
import { toMilliseconds } from "./milliseconds.ts";
import { nullAt, oauthWords } from "./sign-in-again.ts";

/** What `oidcSource` uses of a `User`, from `oidc-client-ts`. */
export interface OidcUserLike {
  access_token: string;
  /** In seconds. */
  expires_at?: number | undefined;
  profile?: { sub?: string | undefined } | undefined;
}

/** What `oidcSource` uses of `UserManager`, from `oidc-client-ts`. */
export interface UserManagerLike {
  getUser(): Promise<OidcUserLike | null>;
  signinSilent(): Promise<OidcUserLike | null>;
  events: {
    addUserLoaded(changed: () => void): () => void;
    addUserUnloaded(changed: () => void): () => void;
  };
}

/**
 * Takes the tokens from the `UserManager` of oidc-client-ts. On the page that the provider returns to, call its
 * `signinCallback()` first.
 *
 * A UserManager does not talk to the other tabs. If its `userStore` is localStorage, which all tabs share, set
 * `automaticSilentRenew: false`. Otherwise two tabs could refresh at the same time and use one refresh token twice.
 * Within this page, a `signinSilent()` that is called while another is in progress returns the result of that one.
 * Call `session.signIn()` after each sign-in, also after a redirect, and `session.signOut()` before a sign-out. The session
 * then tells the other tabs.
 *
 * @example
 * const users = new UserManager({ authority, client_id, redirect_uri, scope: "openid offline_access" });
 * if (location.search.includes("state=")) await users.signinCallback();
 * const auth = new AuthSocket("/", { source: oidcSource(users) });
 */
export function oidcSource(users: UserManagerLike): TokenSource {
  shareRefreshes(users);
  return {
    async get({ reason }) {
      let user = await users.getUser();
      if (user && isForcing(reason)) user = await nullAt(oauthWords, users.signinSilent());
      return (
        user && {
          accessToken: user.access_token,
          expiresAt: toMilliseconds(user.expires_at),
          subject: user.profile?.sub,
        }
      );
    },
    subscribe(changed) {
      const removeLoaded = users.events.addUserLoaded(() => changed());
      const removeUnloaded = users.events.addUserUnloaded(() => changed());
      return () => {
        removeLoaded();
        removeUnloaded();
      };
    },
  };
}

/** The manager refreshes by a timer of its own, too. Two refreshes at the same time would use one refresh token twice. */
function shareRefreshes(users: UserManagerLike): void {
  const { signinSilent } = users;
  let running: Promise<OidcUserLike | null> | undefined;
  users.signinSilent = (...options) => {
    running ??= signinSilent.apply(users, options).finally(() => {
      running = undefined;
    });
    return running;
  };
}
