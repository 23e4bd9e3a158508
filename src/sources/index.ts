export { type AmplifyLike, amplifySource } from "./amplify-source.ts";
export { type Auth0Like, auth0Source } from "./auth0-source.ts";
export { type ClerkLike, clerkSource } from "./clerk-source.ts";
export { type FirebaseAuthLike, firebaseSource } from "./firebase-source.ts";
export { type KeycloakLike, keycloakSource } from "./keycloak-source.ts";
export { type MsalLike, msalSource } from "./msal-source.ts";
export { type OidcUserLike, oidcSource, type UserManagerLike } from "./oidc-source.ts";
export { type SupabaseLike, type SupabaseSessionLike, supabaseSource } from "./supabase-source.ts";
