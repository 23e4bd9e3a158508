import type { TokenSource } from "../client/refresh/source.ts";
import { isForcing } from "./forcing.ts";
import { nullAt, oauthWords } from "./sign-in-again.ts";

/** What `auth0Source` uses of `Auth0Client`, from `@auth0/auth0-spa-js`. */
export interface Auth0Like {
  getTokenSilently(options: { cacheMode: "on" | "off" }): Promise<string | undefined>;
}

/**
 * Takes the tokens from Auth0's client. Give the client an `audience`: without one, its access tokens are opaque, and a
 * server cannot verify them.
 *
 * Auth0's client announces nothing. Call `session.signIn()` after each sign-in, also after a redirect, and
 * `session.signOut()` before `logout()`. The session then tells the other tabs.
 *
 * @param client the client, or a promise for it that resolves when a redirect's callback has been handled
 * @example
 * const client = await createAuth0Client({ domain, clientId, authorizationParams: { audience, redirect_uri } });
 * const auth = new AuthSocket("/", { source: auth0Source(client) });
 */
export function auth0Source(client: Auth0Like | PromiseLike<Auth0Like>): TokenSource {
  return {
    async get({ reason }) {
      const cacheMode = isForcing(reason) ? "off" : "on";
      return nullAt(oauthWords, (await client).getTokenSilently({ cacheMode }));
    },
  };
}
