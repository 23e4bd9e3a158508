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
      const auth0 = await client;
      const answer = auth0.getTokenSilently({ cacheMode: isForcing(reason) ? "off" : "on" });
      const heldInstead = (failure: unknown) => {
        // Without a refresh token there is no other one. What one server refuses may be good elsewhere, until it expires (B7).
        if (reason === "expired" || Object(failure).error !== "missing_refresh_token") throw failure;
        return auth0.getTokenSilently({ cacheMode: "on" });
      };
      return nullAt(oauthWords, answer.catch(heldInstead));
    },
  };
}
