import Provider, { errors } from "oidc-provider";
import type { Accounts } from "../people/accounts.ts";
import type { Store } from "../stores/store.ts";
import { AUDIENCE } from "../tokens/claims.ts";
import type { ProviderKeys } from "../tokens/provider-keys.ts";
import type { RefreshFamilies } from "../tokens/refresh-families.ts";
import {
  CLIENT_ID,
  CLIENT_PAGE,
  familyOfGrantKey,
  PROVIDER_PATH,
  RESOURCE,
  SIGN_IN_PATH,
} from "./addresses.ts";
import { StoreAdapter } from "./store-adapter.ts";

export interface ProviderOptions {
  /** The origins under which browsers find this server. The first one is the issuer's. */
  origins: readonly [string, ...string[]];
  /** Whether a proxy is in front of this server. */
  behindProxy: boolean;
  store: Store;
  accounts: Accounts;
  families: RefreshFamilies;
  keys: ProviderKeys;
  /** Signs the provider's cookies. */
  cookieKey: string;
  /** ms */
  accessTokenLifetime: number;
  /** ms */
  refreshLifetime: number;
}

/**
 * A real OpenID provider, in this process, for this demo's accounts: authorization code flow with PKCE, one-time refresh
 * tokens with reuse detection, signed access tokens. Elsewhere it would be a product or a server of its own.
 */
export function createIdentityProvider(options: ProviderOptions): Provider {
  const { store, accounts, families, origins, keys } = options;
  const inSeconds = (duration: number): number => Math.max(1, Math.ceil(duration / 1000));
  const signInLifetime = inSeconds(options.refreshLifetime);

  const provider = new Provider(`${origins[0]}${PROVIDER_PATH}`, {
    adapter: (kind) => new StoreAdapter(store, kind),
    clients: [
      {
        client_id: CLIENT_ID,
        // A page keeps no secret. PKCE takes its place.
        token_endpoint_auth_method: "none",
        redirect_uris: origins.map((origin) => `${origin}${CLIENT_PAGE}`),
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
        id_token_signed_response_alg: "EdDSA",
      },
    ],
    jwks: { keys: [{ ...keys.privateKey, kty: "OKP" }] },
    cookies: { keys: [options.cookieKey] },
    // Pages of other origins cannot use it. A page's own requests name their origin too.
    clientBasedCORS: (_context, origin) => origins.includes(origin),
    findAccount: async (_context, id) => {
      const account = await accounts.find(id);
      return account && { accountId: id, claims: async () => ({ sub: id }) };
    },
    interactions: { url: (_context, interaction) => `${SIGN_IN_PATH}/${interaction.uid}` },
    features: {
      // The sign-in page of this demo takes their place.
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      revocation: { enabled: true },
      // Makes access tokens JWTs, which the sockets can verify by the provider's key.
      resourceIndicators: {
        enabled: true,
        defaultResource: () => RESOURCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: "",
          audience: AUDIENCE,
          accessTokenTTL: inSeconds(options.accessTokenLifetime),
          accessTokenFormat: "jwt",
          jwt: { sign: { alg: "EdDSA" } },
        }),
      },
    },
    /** The user as the demo knows it, looked up for each token: a changed role is in the next one. */
    extraTokenClaims: async (_context, token) => {
      const { accountId = "", grantId = "" } = token as { accountId?: string; grantId?: string };
      const account = await accounts.find(accountId);
      const familyId = await store.get<string>(familyOfGrantKey(grantId));
      if (!account || account.suspended || familyId === undefined)
        throw new errors.InvalidGrant("the account is suspended, or the sign-in has ended");
      if (!(await families.isAlive({ id: familyId, subject: account.id })))
        throw new errors.InvalidGrant("the sign-in has ended");
      const { username, email, role } = account;
      return { username, email, role, sid: familyId, iat_ms: Date.now() };
    },
    rotateRefreshToken: true,
    ttl: {
      AccessToken: inSeconds(options.accessTokenLifetime),
      AuthorizationCode: 60,
      IdToken: signInLifetime,
      Interaction: 600,
      RefreshToken: signInLifetime,
      Session: signInLifetime,
      Grant: signInLifetime,
    },
    renderError: (context, out) => {
      context.type = "text";
      context.body = `The sign-in failed: ${out.error}. Go back to ${CLIENT_PAGE} and try again.`;
    },
  });
  provider.proxy = options.behindProxy;
  return provider;
}
