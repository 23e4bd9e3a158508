import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { calculateJwkThumbprint, createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify } from "jose";
import { type Configuration, type KoaContextWithOIDC, Provider } from "oidc-provider";

const CLIENT = "chat";
const API = "urn:chat";
const SCOPES = "openid profile email offline_access";

export interface ProviderOptions {
  /** Where the client's pages are, by the provider's own address. default: nowhere */
  pages?: (issuer: string) => string[];
  /** Of access tokens, in seconds. default 4 */
  lifetime?: number;
}

/**
 * A whole OpenID provider on loopback. Access tokens are JWTs of four seconds, refresh tokens can be used once, and one that is
 * used again ends its session. It asks nobody for a password: who signs in is named by the request's `login_hint`.
 */
export class IdentityProvider {
  /** Refreshes that were answered with tokens, and those that were refused. */
  refreshes = 0;
  refusals = 0;
  /** Sessions that were ended because a refresh token was used again. */
  revocations = 0;
  /** While false, its token endpoint does not work. */
  isUp = true;
  readonly clientId = CLIENT;
  readonly issuer: string;
  readonly #http: ReturnType<typeof createServer>;
  readonly #provider: Provider;
  readonly #keys: ReturnType<typeof createRemoteJWKSet>;

  private constructor(http: ReturnType<typeof createServer>, issuer: string, provider: Provider) {
    this.#http = http;
    this.issuer = issuer;
    this.#provider = provider;
    this.#keys = createRemoteJWKSet(new URL("jwks", issuer));
    provider.on("grant.success", ({ oidc }) => {
      if (oidc.params?.grant_type === "refresh_token") this.refreshes++;
    });
    provider.on("grant.error", ({ oidc }) => {
      if (oidc.params?.grant_type === "refresh_token") this.refusals++;
    });
    provider.on("grant.revoked", () => {
      this.revocations++;
    });
  }

  static async start({
    pages = () => ["http://127.0.0.1/"],
    lifetime = 4,
  }: ProviderOptions = {}): Promise<IdentityProvider> {
    let handle = (_request: IncomingMessage, _response: ServerResponse): void => {};
    // An idle connection that the server closed could cut the next request of a test that was slow.
    const http = createServer({ keepAliveTimeout: 65_000 }, (request, response) => handle(request, response));
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    // Auth0's client expects the slash at the end of its provider's name.
    const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}/`;
    const provider = new Provider(issuer, await configuration(pages(issuer), lifetime));
    const identity = new IdentityProvider(http, issuer, provider);
    const answer = provider.callback();
    handle = (request, response) => {
      if (request.url?.startsWith("/interaction/")) void identity.#signIn(request, response);
      else if (request.url?.startsWith("/oauth/token") && !identity.isUp) response.writeHead(503).end();
      else answer(request, response);
    };
    return identity;
  }

  /** What a server knows by an access token. */
  async verify(token: string): Promise<{ subject: string; expiresAt: number; claims: object }> {
    const { payload } = await jwtVerify(token, this.#keys, { issuer: this.issuer, audience: API });
    return { subject: payload.sub ?? "", expiresAt: (payload.exp ?? 0) * 1000, claims: {} };
  }

  async close(): Promise<void> {
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  /** A refresh token, as a sign-in would have brought it. */
  async refreshToken(subject: string): Promise<string> {
    const client = await this.#provider.Client.find(CLIENT);
    if (!client) throw new Error("the client is configured");
    const grant = grantOf(this.#provider, subject);
    const grantId = await grant.save();
    const token = new this.#provider.RefreshToken({
      accountId: subject,
      client,
      grantId,
      gty: "authorization_code",
      scope: SCOPES,
      resource: API,
      rotations: 0,
      iiat: Math.floor(Date.now() / 1000),
    } as ConstructorParameters<Provider["RefreshToken"]>[0]);
    return token.save();
  }

  /** Uses a refresh token, as the app would, or a thief. */
  async refresh(refreshToken: string): Promise<Response> {
    return fetch(`${this.issuer}oauth/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "refresh_token",
        client_id: CLIENT,
        refresh_token: refreshToken,
      }),
    });
  }

  async #signIn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { params } = await this.#provider.interactionDetails(request, response);
    const accountId = String(params.login_hint ?? "alice");
    await this.#provider.interactionFinished(request, response, { login: { accountId } });
  }
}

function grantOf(provider: Provider, accountId: string) {
  const grant = new provider.Grant({ clientId: CLIENT, accountId });
  grant.addOIDCScope(SCOPES);
  grant.addResourceScope(API, "chat");
  return grant;
}

async function configuration(pages: string[], lifetime: number): Promise<Configuration> {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const jwk = await exportJWK(privateKey);
  const key = { ...jwk, alg: "RS256", use: "sig", kid: await calculateJwkThumbprint(jwk) };
  return {
    clients: [
      {
        client_id: CLIENT,
        redirect_uris: pages,
        post_logout_redirect_uris: pages,
        token_endpoint_auth_method: "none" as const,
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code" as const],
      },
    ],
    jwks: { keys: [key] },
    cookies: { keys: ["a key of the test's"] },
    routes: { authorization: "/authorize", token: "/oauth/token", end_session: "/logout" },
    features: {
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => API,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: "chat",
          audience: API,
          accessTokenTTL: lifetime,
          accessTokenFormat: "jwt" as const,
          jwt: { sign: { alg: "RS256" as const } },
        }),
      },
    },
    ttl: {
      AccessToken: lifetime,
      RefreshToken: 3_600,
      Session: 3_600,
      Grant: 3_600,
      Interaction: 600,
      IdToken: 3_600,
      AuthorizationCode: 60,
    },
    scopes: ["openid", "offline_access", "profile", "email"],
    claims: { openid: ["sub"], profile: [], email: [] },
    rotateRefreshToken: true,
    issueRefreshToken: () => true,
    clientBasedCORS: () => true,
    findAccount: (_context: unknown, accountId: string) => ({
      accountId,
      claims: () => ({ sub: accountId }),
    }),
    interactions: { url: (_context: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    loadExistingGrant: async ({ oidc }: KoaContextWithOIDC) => {
      const grant = grantOf(oidc.provider, oidc.session?.accountId ?? "");
      await grant.save();
      return grant;
    },
  };
}
