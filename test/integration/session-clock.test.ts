import { AuthSession, AuthSocket, memoryStore, type TokenSet, webStorageStore } from "authsocket";
import { describe, expect, it, onTestFinished } from "vitest";
import { issueToken, startAuthServer } from "../support/auth-server.ts";
import { ManualPlatform } from "../support/manual-platform.ts";
import { MapStorage } from "../support/map-storage.ts";
import { startRefreshEndpoint, tokenResponse } from "../support/refresh-endpoint.ts";
import { until, untilStatus } from "../support/states.ts";
import { holdToken } from "../support/token-holder.ts";
import { timedToken, unsignedJwt } from "../support/unsigned-jwt.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const LIFETIME = 15 * MINUTE;

/** How far ahead of the server's the client's clock is. */
const clocks = [
  ["two hours fast", 2 * HOUR],
  ["two hours slow", -2 * HOUR],
] as const;

/** A held session over a store, beside a server whose clock lags behind by `ahead`. */
function heldSession(ahead: number, stored?: TokenSet, makeToken = timedToken) {
  const platform = new ManualPlatform();
  const serverNow = () => platform.now() - ahead;
  let refreshes = 0;
  const session = new AuthSession(
    {
      refresh: async () => {
        refreshes++;
        return makeToken(serverNow(), LIFETIME);
      },
      store: memoryStore(stored),
    },
    platform,
  );
  return { platform, session, refreshes: () => refreshes };
}

describe("lifetimes and clocks", () => {
  it.each(clocks)("B5 a client clock %s costs one refresh, not a loop", async (_, ahead) => {
    const { platform, session, refreshes } = heldSession(ahead);
    holdToken(session);
    await platform.advance(13 * MINUTE);
    expect(refreshes()).toBe(1);
    await platform.advance(2 * MINUTE);
    expect(refreshes()).toBe(2);
  });

  it.each(clocks)("B5 a client clock %s costs a stored token one refresh at most", async (_, ahead) => {
    const platform = new ManualPlatform();
    const accessToken = timedToken(platform.now() - ahead, LIFETIME);
    const { session, refreshes, platform: clock } = heldSession(ahead, { accessToken });
    holdToken(session);
    await clock.advance(13 * MINUTE);
    expect(refreshes()).toBeLessThanOrEqual(1);
  });

  it("B5 a stored token is not taken for longer than its lifetime where the clock is slow", async () => {
    const { platform, session, refreshes } = heldSession(-2 * HOUR, {
      accessToken: timedToken(new ManualPlatform().now() + 2 * HOUR, LIFETIME),
    });
    holdToken(session);
    await platform.advance(LIFETIME);
    expect(refreshes()).toBe(1);
  });

  it("B5 a stored token with its receipt goes by this clock, whatever its exp says", async () => {
    const { now } = new ManualPlatform();
    const expiresAt = now() + 10 * MINUTE;
    const accessToken = timedToken(now() - 2 * HOUR, LIFETIME);
    const { session, refreshes } = heldSession(2 * HOUR, { accessToken, expiresAt });
    expect(await session.getToken()).toBe(accessToken);
    expect(session.state).toMatchObject({ status: "signedIn", expiresAt });
    expect(refreshes()).toBe(0);
  });

  it("B5 the receipt of a token outlives the page in web storage", async () => {
    const platform = new ManualPlatform();
    const storage = new MapStorage();
    let refreshes = 0;
    const options = () => ({
      refresh: async () => {
        refreshes++;
        return timedToken(platform.now() - 2 * HOUR, LIFETIME);
      },
      store: webStorageStore("authToken", storage),
    });
    const token = await new AuthSession(options(), platform).getToken();
    platform.jump(5 * MINUTE);
    expect(await new AuthSession(options(), platform).getToken()).toBe(token);
    expect(refreshes).toBe(1);
  });

  it("B5 an expiresIn is measured from the moment of receipt and wins over the token's own claims", async () => {
    const platform = new ManualPlatform();
    const endpoint = startRefreshEndpoint(() => {
      return tokenResponse(timedToken(platform.now() + 2 * HOUR, 2 * LIFETIME), { expiresIn: 600 });
    });
    const session = new AuthSession({ refresh: endpoint.url, store: memoryStore() }, platform);
    await session.getToken();
    expect(session.state).toMatchObject({ expiresAt: platform.now() + 10 * MINUTE });
  });

  it("B5 an expires_in in a string of seconds is as good", async () => {
    const platform = new ManualPlatform();
    const endpoint = startRefreshEndpoint(() => tokenResponse("opaque", { expires_in: "600" }));
    const session = new AuthSession({ refresh: endpoint.url, store: memoryStore() }, platform);
    await session.getToken();
    expect(session.state).toMatchObject({ expiresAt: platform.now() + 10 * MINUTE });
  });

  it("B5 an expiresIn far shorter than exp − iat schedules by itself and does not renew without end", async () => {
    const platform = new ManualPlatform();
    let refreshes = 0;
    const session = new AuthSession(
      {
        refresh: async () => {
          refreshes++;
          return { accessToken: timedToken(platform.now(), HOUR), expiresAt: platform.now() + 30_000 };
        },
        store: memoryStore(),
      },
      platform,
    );
    holdToken(session);
    await platform.advance(23_999);
    expect(refreshes).toBe(1);
    await platform.advance(1);
    expect(refreshes).toBe(2);
  });

  it("B5 an exp without iat is taken at its word by a clock that is right", async () => {
    const makeToken = (now: number) => unsignedJwt({ sub: "alice", exp: (now + LIFETIME) / 1000 });
    const { platform, session, refreshes } = heldSession(0, undefined, makeToken);
    holdToken(session);
    await platform.advance(13 * MINUTE);
    expect(refreshes()).toBe(1);
    await platform.advance(MINUTE);
    expect(refreshes()).toBe(2);
  });

  it("B5 an exp without iat does not make a fast clock renew without end", async () => {
    const makeToken = (now: number) => unsignedJwt({ sub: "alice", exp: (now + LIFETIME) / 1000 });
    const { platform, session, refreshes } = heldSession(2 * HOUR, undefined, makeToken);
    holdToken(session);
    await platform.advance(13 * MINUTE);
    expect(refreshes()).toBe(1);
    expect(session.state).toMatchObject({ status: "signedIn", subject: "alice" });
  });

  it("B5 a token that says nothing of its expiry is never renewed by the clock", async () => {
    const { platform, session, refreshes } = heldSession(0, undefined, () => "opaque");
    holdToken(session);
    await platform.advance(24 * HOUR);
    expect(refreshes()).toBe(1);
  });

  it.each([
    ["two hours forward", 2 * HOUR],
    ["two hours back", -2 * HOUR],
  ])("B5 a clock that jumps %s costs one refresh at most", async (_, by) => {
    const { platform, session, refreshes } = heldSession(0);
    holdToken(session);
    await platform.advance(MINUTE);
    expect(refreshes()).toBe(1);
    platform.jump(by);
    await platform.advance(10 * MINUTE);
    expect(refreshes()).toBeLessThanOrEqual(2);
  });

  it("B5 a cut after the clock has jumped back is a token matter, not a kick", async () => {
    const server = await startAuthServer();
    const platform = new ManualPlatform();
    let refreshes = 0;
    const refresh = async () => {
      refreshes++;
      return issueToken({ lifetime: LIFETIME });
    };
    const session = new AuthSession({ refresh, store: memoryStore() }, platform);
    const auth = new AuthSocket(server.url, { session });
    onTestFinished(() => {
      auth.dispose();
      session.dispose();
    });
    const { id } = await untilStatus(auth, "connected");
    platform.jump(-2 * HOUR);
    server.kick();
    const next = await until(
      auth,
      (state) =>
        (state.status !== "connected" && state.status !== "connecting") ||
        (state.status === "connected" && state.id !== id),
    );
    expect(next.status).toBe("connected");
    expect(refreshes).toBe(2);
  });
});
