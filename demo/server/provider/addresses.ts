/** Where the provider is mounted. Its issuer is the server's origin and this path. */
export const PROVIDER_PATH = "/oidc";
/** Where users sign in at the provider. */
export const SIGN_IN_PATH = "/oidc-sign-in";
/** The page that uses the provider. The provider returns the user to it. */
export const CLIENT_PAGE = "/openid";
export const CLIENT_ID = "authsocket-demo";

/** The API that access tokens are for: this demo's sockets. */
export const RESOURCE = "urn:authsocket-demo:socket";

/** The key under which the store has the refresh family of a sign-in at the provider. */
export const familyOfGrantKey = (grantId: string): string => `oidc:family:${grantId}`;
