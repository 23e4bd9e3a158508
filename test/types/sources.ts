import type { Auth0Client } from "@auth0/auth0-spa-js";
import type { SupabaseClient } from "@supabase/supabase-js";
import type { TokenSource } from "authsocket";
import { auth0Source, keycloakSource, oidcSource, supabaseSource } from "authsocket/sources";
import type Keycloak from "keycloak-js";
import type { UserManager } from "oidc-client-ts";

// The clients that are light enough to be here; test/providers has the others.
declare const auth0: Auth0Client;
declare const keycloak: Keycloak;
declare const users: UserManager;
declare const supabase: SupabaseClient;

export const sources: TokenSource[] = [
  auth0Source(auth0),
  auth0Source(Promise.resolve(auth0)),
  keycloakSource(keycloak),
  oidcSource(users),
  supabaseSource(supabase),
];

// Null is "nobody is signed in", an access token may come alone, and anything may be promised.
export const own: TokenSource = {
  get: ({ reason, rejected, signal }) =>
    signal.aborted
      ? null
      : reason === "rejected"
        ? Promise.resolve(`not ${rejected}`)
        : { accessToken: "token" },
};

// @ts-expect-error a source answers tokens
export const answersNumbers: TokenSource = { get: () => 42 };

// @ts-expect-error there is no such client
auth0Source({ getToken: async () => "token" });
