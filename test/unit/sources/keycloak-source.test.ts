import { AuthSession } from "authsocket";
import { keycloakSource } from "authsocket/sources";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { ManualPlatform } from "../../support/manual-platform.ts";
import { holdToken } from "../../support/token-holder.ts";
import { timedToken } from "../../support/unsigned-jwt.ts";
import { ask, cached, failure, forcing, newsOf, waits } from "./questions.ts";

type Callback = ((argument?: unknown) => void) | undefined;

/** A client that is signed in, and whose `updateToken` does what it is given. */
function keycloak(update: (client: ReturnType<typeof keycloak>) => void = () => {}) {
  const client = {
    didInitialize: true,
    token: "held" as string | undefined,
    refreshToken: "refresh" as string | undefined,
    tokenParsed: { exp: 1_900_000_000 } as { exp?: number } | undefined,
    timeSkew: 7 as number | null,
    updateToken: vi.fn(async (_minValidity: number) => {
      update(client);
      return true;
    }),
    onReady: undefined as Callback,
    onAuthSuccess: undefined as Callback,
    onAuthRefreshSuccess: undefined as Callback,
    onAuthLogout: undefined as Callback,
    onAuthError: undefined as Callback,
  };
  return client;
}

const tokens = (accessToken: string) => ({ accessToken, expiresAt: 1_900_000_007_000 });

describe("keycloakSource", () => {
  it.each([
    ...cached.map((reason) => [reason, 30] as const),
    ...forcing.map((reason) => [reason, -1] as const),
  ])("where a token is %s, wants one that is good for %i seconds more", async (reason, minValidity) => {
    const client = keycloak((it) => {
      it.token = "renewed";
    });
    expect(await ask(keycloakSource(client), reason)).toEqual(tokens("renewed"));
    expect(client.updateToken).toHaveBeenCalledExactlyOnceWith(minValidity);
  });

  it("answers nothing before init() has ended", async () => {
    const client = keycloak();
    client.didInitialize = false;
    client.token = undefined;
    const answer = ask(keycloakSource(client), "missing");
    client.didInitialize = true;
    expect(await waits(answer)).toBe(true);
    client.onReady?.();
    expect(await answer).toBeUndefined();
  });

  it("knows that nobody is signed in once the server has said that the user cancelled", async () => {
    const client = keycloak();
    client.didInitialize = false;
    client.token = undefined;
    const app = vi.fn();
    client.onAuthError = app;
    const source = keycloakSource(client);
    const answer = ask(source, "missing");
    client.didInitialize = true;
    client.onAuthError?.();
    expect(await waits(answer)).toBe(true);
    const cancelled = { error: "access_denied" };
    expect(await newsOf(source, () => client.onAuthError?.(cancelled))).toBe(1);
    expect(await answer).toBeUndefined();
    expect(app).toHaveBeenLastCalledWith(cancelled);
  });

  it("knows that nobody is signed in", async () => {
    const client = keycloak();
    client.token = undefined;
    expect(await ask(keycloakSource(client), "forced")).toBeUndefined();
    expect(client.updateToken).not.toHaveBeenCalled();
  });

  it("takes a token that Keycloak has dropped at a refusal for nobody", async () => {
    const client = keycloak((it) => {
      it.token = undefined;
      throw failure({ name: "NetworkError" });
    });
    expect(await ask(keycloakSource(client), "expired")).toBeNull();
  });

  it("takes a rejection with nothing for nobody", async () => {
    const client = keycloak();
    client.updateToken.mockImplementation(() => Promise.reject());
    expect(await ask(keycloakSource(client), "expired")).toBeNull();
  });

  it("passes on a failure after which Keycloak keeps its token", async () => {
    const error = failure({ name: "TypeError" });
    const client = keycloak(() => {
      throw error;
    });
    await expect(ask(keycloakSource(client), "expired")).rejects.toBe(error);
  });

  it.each(["missing", "expiring", "rejected", "forced"] as const)(
    "B7 presents what it holds without a refresh token where a token is %s",
    async (reason) => {
      const client = keycloak();
      client.refreshToken = undefined;
      expect(await ask(keycloakSource(client), reason)).toEqual(tokens("held"));
      expect(client.updateToken).not.toHaveBeenCalled();
    },
  );

  it("B7 a session without a refresh token outlives a refusal, and ends with its token", async () => {
    const platform = new ManualPlatform();
    const lifetime = 900_000;
    const client = keycloak();
    const token = timedToken(platform.now(), lifetime);
    Object.assign(client, { token, refreshToken: undefined, timeSkew: 0 });
    client.tokenParsed = { exp: (platform.now() + lifetime) / 1000 };
    const session = new AuthSession({ source: keycloakSource(client) }, platform);
    onTestFinished(() => session.dispose());
    onTestFinished(holdToken(session));
    await session.getToken();
    expect(await session.getToken({ rejected: token })).toBe(token);
    expect(await session.getToken({ forceRefresh: true })).toBe(token);
    expect(session.state.status).toBe("signedIn");
    await platform.advance(lifetime);
    expect(session.state).toMatchObject({ status: "signedOut", error: { code: "session_expired" } });
  });

  it("asks Keycloak no second time after a renewal, so that news makes no renewal", async () => {
    const client = keycloak();
    const source = keycloakSource(client);
    expect(await newsOf(source, () => client.onAuthRefreshSuccess?.())).toBe(1);
    expect(await ask(source, "expiring")).toEqual(tokens("held"));
    expect(client.updateToken).not.toHaveBeenCalled();
    await ask(source, "expiring");
    expect(client.updateToken).toHaveBeenCalledOnce();
  });

  it.each(["onReady", "onAuthSuccess", "onAuthRefreshSuccess", "onAuthLogout"] as const)(
    "hears %s beside the app, whichever of the two came first",
    async (name) => {
      const client = keycloak();
      const app = vi.fn();
      client[name] = app;
      const source = keycloakSource(client);
      expect(await newsOf(source, () => client[name]?.())).toBe(1);
      expect(app).toHaveBeenCalledOnce();
      const later = vi.fn();
      client[name] = later;
      expect(await newsOf(source, () => client[name]?.())).toBe(1);
      expect(later).toHaveBeenCalledOnce();
      expect(app).toHaveBeenCalledOnce();
    },
  );
});
