import { setInterval } from "node:timers/promises";
import { AuthSocket, memoryStore, type Refresh } from "authsocket";
import { authenticate } from "authsocket/server";
import * as oauth from "oauth4webapi";
import * as openid from "openid-client";
import { describe, expect, it, onTestFinished } from "vitest";
import { disposed } from "../support/disposal.ts";
import { startServer } from "../support/guarded-server.ts";
import { IdentityProvider } from "../support/identity-provider.ts";
import { recordStatuses, untilStatus } from "../support/states.ts";

const RENEWALS = 4;
/** seconds */
const LIFETIME = 2;

async function startProvider(): Promise<IdentityProvider> {
  const provider = await IdentityProvider.start({ lifetime: LIFETIME });
  onTestFinished(() => provider.close());
  return provider;
}

/** A server that takes the provider's tokens, and acknowledges what it is sent. */
async function serverFor(provider: IdentityProvider): Promise<string> {
  const { io, url } = await startServer();
  authenticate(io, { verify: (token) => provider.verify(token) });
  io.on("connection", (socket) => socket.on("echo", (value, answer) => answer(value)));
  return url;
}

/** How the two libraries refresh, as docs/identity-providers.md shows it. */
const libraries: Record<string, (provider: IdentityProvider) => Promise<Refresh>> = {
  async oauth4webapi({ issuer, clientId }) {
    const client: oauth.Client = { client_id: clientId };
    const insecure = { [oauth.allowInsecureRequests]: true };
    const url = new URL(issuer);
    const discovery = await oauth.discoveryRequest(url, insecure);
    const server = await oauth.processDiscoveryResponse(url, discovery);
    return async ({ refreshToken = "", signal }) => {
      const options = { ...insecure, signal };
      const response = await oauth.refreshTokenGrantRequest(
        server,
        client,
        oauth.None(),
        refreshToken,
        options,
      );
      return toTokens(await oauth.processRefreshTokenResponse(server, client, response));
    };
  },
  async "openid-client"({ issuer, clientId }) {
    const config = await openid.discovery(new URL(issuer), clientId, undefined, openid.None(), {
      execute: [openid.allowInsecureRequests],
    });
    return async ({ refreshToken = "" }) => toTokens(await openid.refreshTokenGrant(config, refreshToken));
  },
};

const toTokens = (answer: oauth.TokenEndpointResponse) => ({
  accessToken: answer.access_token,
  refreshToken: answer.refresh_token,
  expiresAt: answer.expires_in && Date.now() + answer.expires_in * 1000,
});

async function connect(provider: IdentityProvider, library: string) {
  const create = libraries[library];
  if (!create) throw new Error(`no library ${library}`);
  const refreshToken = await provider.refreshToken("alice");
  const first = (await (await provider.refresh(refreshToken)).json()) as oauth.TokenEndpointResponse;
  provider.refreshes = 0;
  const store = memoryStore(toTokens(first) as Parameters<typeof memoryStore>[0]);
  const auth = disposed(
    new AuthSocket(await serverFor(provider), { store, refresh: await create(provider), name: "chat" }),
  );
  await auth.whenConnected();
  return { auth, store, spent: refreshToken };
}

/** One number every so many ms. */
async function* numbers(ms: number): AsyncGenerator<number> {
  let number = 0;
  for await (const _ of setInterval(ms)) yield number++;
}

describe.each(Object.keys(libraries))("%s as `refresh`, with one-time refresh tokens", (library) => {
  it(`B13 keeps a connection through ${RENEWALS} tokens of two seconds, and nothing is lost`, async () => {
    const provider = await startProvider();
    const { auth } = await connect(provider, library);
    const statuses = recordStatuses(auth);
    for await (const sent of numbers(20)) {
      expect(await auth.socket.timeout(2_000).emitWithAck("echo", sent)).toBe(sent);
      if (provider.refreshes >= RENEWALS) break;
    }
    expect(statuses).toEqual(["connected"]);
    expect(provider.refusals).toBe(0);
  });

  it("B6 ends with session_expired, once, where a thief has used the refresh token", async () => {
    const provider = await startProvider();
    const { auth, spent } = await connect(provider, library);
    const errors: (string | undefined)[] = [];
    auth.session.subscribe(({ status, error }) => {
      if (status === "signedOut") errors.push(error?.code);
    });
    expect((await provider.refresh(spent)).status).toBe(400);
    await untilStatus(auth.session, "signedOut");
    expect(errors).toEqual(["session_expired"]);
    expect(provider.revocations).toBe(1);
    // The thief's attempt, and the one of the session.
    expect(provider.refusals).toBe(2);
  });

  it("B6 stays signed in while the provider is down, and goes on when it is up again", async () => {
    const provider = await startProvider();
    const { auth } = await connect(provider, library);
    provider.isUp = false;
    const waiting = await untilStatus(auth.session, "waiting");
    expect(waiting.error.code).toBe("refresh_failed");
    provider.isUp = true;
    await untilStatus(auth.session, "signedIn");
    await auth.whenConnected();
    expect(provider.refusals).toBe(0);
  });
});
