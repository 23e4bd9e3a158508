import { AuthSession, AuthSocketError, memoryStore, type SessionState } from "authsocket";
import { HttpResponse } from "msw";
import { describe, expect, it, vi } from "vitest";
import { ManualPlatform } from "../support/manual-platform.ts";
import { RefreshDesk } from "../support/refresh-desk.ts";
import { startRefreshEndpoint, tokenResponse } from "../support/refresh-endpoint.ts";
import type { RefreshOptions } from "../support/refresh-options.ts";
import { untilStatus } from "../support/states.ts";
import { holdToken } from "../support/token-holder.ts";
import { timedToken } from "../support/unsigned-jwt.ts";

const MINUTE = 60_000;
const LIFETIME = 15 * MINUTE;

/** A session whose store holds a token that expires in `left` ms. */
function sessionWithToken(
  options: Partial<RefreshOptions> & { refresh: RefreshOptions["refresh"] },
  left = -1,
) {
  const platform = new ManualPlatform();
  platform.chance = 0.5;
  const accessToken = timedToken(platform.now(), LIFETIME);
  const store = memoryStore({ accessToken, refreshToken: "refresh-1", expiresAt: platform.now() + left });
  return { platform, accessToken, store, session: new AuthSession({ store, ...options }, platform) };
}

describe("refreshes that fail", () => {
  it("B6 a failed early renewal keeps the token that is still valid", async () => {
    const desk = new RefreshDesk();
    const { session, platform, accessToken } = sessionWithToken(desk, LIFETIME);
    holdToken(session);
    await platform.advance(LIFETIME - 105_000); // a minute of leeway, and half of the jitter
    (await desk.turn(1)).reject(new Error("no network"));
    const waiting = await untilStatus(session, "waiting");
    expect(waiting).toMatchObject({ subject: "alice", error: { code: "refresh_failed" } });
    expect(await session.getToken()).toBe(accessToken);
    expect(desk.reasons).toEqual(["expiring"]);
  });

  it("B6 a renewal that goes on failing until the token has expired says so, and the token is not handed out", async () => {
    const desk = new RefreshDesk();
    const { session, platform } = sessionWithToken(desk, 3_000);
    holdToken(session);
    await platform.advance(2_900);
    (await desk.turn(1)).reject(new Error("no network"));
    await platform.advance(500);
    const token = session.getToken();
    const second = await desk.turn(2);
    expect(desk.reasons).toEqual(["expiring", "expired"]);
    second.resolve("fresh");
    expect(await token).toBe("fresh");
  });

  it("B6 an answer of 401 ends the session with session_expired and empties the store", async () => {
    const endpoint = startRefreshEndpoint(() => new Response(null, { status: 401 }));
    const { session, store } = sessionWithToken({ refresh: endpoint.url });
    await expect(session.getToken()).rejects.toMatchObject({ code: "session_expired" });
    expect(session.state).toMatchObject({ status: "signedOut", error: { code: "session_expired" } });
    expect(store.load()).toBeNull();
    await expect(session.getToken()).rejects.toMatchObject({ code: "session_expired" });
    expect(endpoint.calls).toHaveLength(1);
  });

  it.each([400, 403])(
    "B6 an answer of %i ends the session when it has come three times over five seconds",
    async (status) => {
      const at: number[] = [];
      const endpoint = startRefreshEndpoint(() => {
        at.push(platform.now());
        return new Response(null, { status });
      });
      const { session, store, platform } = sessionWithToken({ refresh: endpoint.url });
      holdToken(session);
      expect(await untilStatus(session, "waiting")).toMatchObject({ error: { code: "refresh_failed" } });
      for (const calls of [2, 3]) {
        expect(store.load()).not.toBeNull();
        const { retryAt } = await untilStatus(session, "waiting");
        await platform.advance(retryAt - platform.now());
        await endpoint.until(() => endpoint.calls.length === calls);
      }
      await untilStatus(session, "signedOut");
      expect(session.state.error).toMatchObject({ code: "session_expired" });
      expect((at[2] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(5_000);
      expect(store.load()).toBeNull();
      await platform.advance(MINUTE);
      expect(endpoint.calls).toHaveLength(3);
    },
  );

  it("B5 B6 a clock that is put back during a doubt does not hold the session for hours", async () => {
    const desk = new RefreshDesk();
    const { session, platform } = sessionWithToken(desk);
    holdToken(session);
    (await desk.turn(1)).reject({ status: 403 });
    await untilStatus(session, "waiting");
    platform.jump(-2 * 60 * MINUTE);
    while (desk.turns.length < 2) await platform.advance(1_000);
    (await desk.turn(2)).reject({ status: 403 });
    await platform.advance(10_000);
    expect(desk.turns).toHaveLength(3);
  });

  it.each([404, 408, 409, 422, 429, 500, 502, 503])("B6 an answer of %i is transient", async (status) => {
    const endpoint = startRefreshEndpoint(() => new Response(null, { status }));
    const { session, store } = sessionWithToken({ refresh: endpoint.url });
    const error = await session.getToken().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AuthSocketError);
    expect(error).toMatchObject({ code: "refresh_failed", message: expect.stringContaining(String(status)) });
    expect((error as Error).message).toContain(endpoint.url);
    expect(session.state.status).toBe("waiting");
    expect(store.load()).not.toBeNull();
  });

  it("B6 a network that fails is transient, and its error is the cause", async () => {
    const endpoint = startRefreshEndpoint(() => HttpResponse.error());
    const { session } = sessionWithToken({ refresh: endpoint.url });
    await expect(session.getToken()).rejects.toMatchObject({
      code: "refresh_failed",
      message: expect.stringContaining(endpoint.url),
      cause: expect.any(Error),
    });
  });

  it("B6 a fetch that throws on the spot is transient too, and the error names the URL", async () => {
    const url = "https://api.example.test/refresh-token";
    const { session } = sessionWithToken({
      refresh: url,
      fetch: () => {
        throw new Error("blocked");
      },
    });
    await expect(session.getToken()).rejects.toMatchObject({
      code: "refresh_failed",
      message: expect.stringContaining(url),
    });
  });

  it("B6 without a token to begin with, a 401 is plain signedOut with no error", async () => {
    const endpoint = startRefreshEndpoint(() => new Response(null, { status: 401 }));
    const session = new AuthSession({ refresh: endpoint.url, store: memoryStore() }, new ManualPlatform());
    await expect(session.getToken()).rejects.toMatchObject({ code: "signed_out" });
    expect(session.state).toEqual({ status: "signedOut" });
  });

  it.each<[string, unknown]>([
    ["null", () => null],
    ["undefined", () => undefined],
    ["a thrown session_expired", () => Promise.reject(new AuthSocketError("session_expired"))],
    ["an error with status 401", () => Promise.reject(Object.assign(new Error(), { status: 401 }))],
    ["an error with response.status 401", () => Promise.reject({ response: { status: 401 } })],
    [
      "an error with statusCode 401 that is thrown on the spot",
      () => {
        throw Object.assign(new Error(), { statusCode: 401 });
      },
    ],
  ])("B6 a refresh function ends the session with %s", async (_, answer) => {
    const { session } = sessionWithToken({ refresh: answer as () => Promise<string> });
    await expect(session.getToken()).rejects.toMatchObject({ code: "session_expired" });
    expect(session.state.status).toBe("signedOut");
  });

  it.each([
    ["an HTML page", () => HttpResponse.html("<h1>Sign in</h1>")],
    ["JSON without a token", () => HttpResponse.json({ ok: true })],
    ["JSON with a token that is none", () => HttpResponse.json({ token: { value: "x" } })],
    ["the JSON null", () => HttpResponse.json(null)],
    ["no body at all", () => new Response(null, { status: 204 })],
  ])("B6 a success with %s is invalid_response, and transient", async (_, answer) => {
    const endpoint = startRefreshEndpoint(answer);
    const { session } = sessionWithToken({ refresh: endpoint.url });
    await expect(session.getToken()).rejects.toMatchObject({
      code: "invalid_response",
      message: expect.stringContaining(endpoint.url),
    });
    expect(session.state.status).toBe("waiting");
  });

  it.each(["token", "accessToken", "access_token"])("B6 the answer's token may be named %s", async (name) => {
    const endpoint = startRefreshEndpoint(() => HttpResponse.json({ [name]: "fresh" }));
    const { session } = sessionWithToken({ refresh: endpoint.url });
    expect(await session.getToken()).toBe("fresh");
  });

  it.each(["refreshToken", "refresh_token"])(
    "B6 a rotated %s replaces the old one, an absent one keeps it",
    async (name) => {
      const endpoint = startRefreshEndpoint((_, number) =>
        tokenResponse(`token-${number}`, number === 2 ? { [name]: "refresh-2" } : {}),
      );
      const { session, store } = sessionWithToken({ refresh: endpoint.url });
      await session.getToken();
      expect(store.load()).toMatchObject({ refreshToken: "refresh-1" });
      await session.getToken({ forceRefresh: true });
      await session.getToken({ forceRefresh: true });
      expect(endpoint.calls.map(({ body }) => body)).toEqual([
        { refreshToken: "refresh-1" },
        { refreshToken: "refresh-1" },
        { refreshToken: "refresh-2" },
      ]);
    },
  );

  it("B6 transient failures are tried again after a full-jitter backoff, without end and within bounds", async () => {
    let attempts = 0;
    const at: number[] = [];
    const platform = new ManualPlatform();
    platform.chance = 0.5;
    const start = platform.now();
    const refresh = async () => {
      at.push(platform.now() - start);
      if (++attempts <= 8) throw new Error("no network");
      return "fresh";
    };
    const session = new AuthSession({ refresh, store: memoryStore() }, platform);
    holdToken(session);
    await platform.advance(5 * MINUTE);
    const gaps = at.slice(1).map((instant, index) => instant - (at[index] ?? 0));
    expect(gaps).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
    expect(session.state.status).toBe("signedIn");
  });

  it("B6 the options retry.base and retry.max set the backoff", async () => {
    const desk = new RefreshDesk();
    const { session, platform } = sessionWithToken({ ...desk, retry: { base: 100, max: 150 } });
    holdToken(session);
    (await desk.turn(1)).reject(new Error());
    expect((await untilStatus(session, "waiting")).retryAt).toBe(platform.now() + 50);
    await platform.advance(50);
    (await desk.turn(2)).reject(new Error());
    expect((await untilStatus(session, "waiting")).retryAt).toBe(platform.now() + 75);
  });

  it.each<[string, (now: number) => string, number]>([
    ["seconds", () => "120", 120_000],
    ["a date", (now) => new Date(now + 90_000).toUTCString(), 90_000],
  ])("B6 a Retry-After in %s is obeyed", async (_, header, wait) => {
    const platform = new ManualPlatform();
    const endpoint = startRefreshEndpoint((_, number) =>
      number === 1
        ? new Response(null, { status: 503, headers: { "Retry-After": header(platform.now()) } })
        : tokenResponse("fresh"),
    );
    const session = new AuthSession({ refresh: endpoint.url, store: memoryStore() }, platform);
    holdToken(session);
    expect((await untilStatus(session, "waiting")).retryAt).toBe(platform.now() + wait);
    await platform.advance(wait - 1);
    expect(endpoint.calls).toHaveLength(1);
    await platform.advance(1);
    await untilStatus(session, "signedIn");
    expect(endpoint.calls).toHaveLength(2);
  });

  it("B6 a firewall's 403 with a Retry-After is asked again when that is over, and keeps the session", async () => {
    const endpoint = startRefreshEndpoint((_, number) =>
      number === 1
        ? new Response(null, { status: 403, headers: { "Retry-After": "120" } })
        : tokenResponse("fresh"),
    );
    const { session, platform } = sessionWithToken({ refresh: endpoint.url });
    holdToken(session);
    expect(await untilStatus(session, "waiting")).toMatchObject({
      retryAt: platform.now() + 120_500, // spread over a second
      error: { code: "refresh_failed" },
    });
    await platform.advance(120_500);
    await untilStatus(session, "signedIn");
    expect(endpoint.calls).toHaveLength(2);
  });

  it.each(["soon", "", "-5", "0", "Thu, 01 Jan 1970 00:00:00 GMT"])(
    "B6 a Retry-After of %o leaves the backoff in force",
    async (header) => {
      const platform = new ManualPlatform();
      platform.chance = 0.5;
      const endpoint = startRefreshEndpoint(
        () => new Response(null, { status: 503, headers: { "Retry-After": header } }),
      );
      const session = new AuthSession({ refresh: endpoint.url, store: memoryStore() }, platform);
      holdToken(session);
      expect((await untilStatus(session, "waiting")).retryAt).toBe(platform.now() + 500);
    },
  );

  it("B6 a refresh function's error may name its retryAfter in ms", async () => {
    const desk = new RefreshDesk();
    const { session, platform } = sessionWithToken(desk);
    holdToken(session);
    (await desk.turn(1)).reject(Object.assign(new Error("busy"), { retryAfter: 42_000 }));
    expect((await untilStatus(session, "waiting")).retryAt).toBe(platform.now() + 42_500); // spread over a second
  });

  it("B6 the network's return tries again at once, other wake-ups only when it is time", async () => {
    const desk = new RefreshDesk();
    const { session, platform } = sessionWithToken(desk);
    holdToken(session);
    (await desk.turn(1)).reject(new Error("no network"));
    await untilStatus(session, "waiting");
    await platform.wake();
    expect(desk.turns).toHaveLength(1);
    await platform.wake(true);
    expect(desk.turns).toHaveLength(2);
    expect(session.state).toMatchObject({ status: "refreshing", reason: "expired" });
  });

  it("B6 B27 a network that comes and goes tries again at once, and then once in ten seconds", async () => {
    const refresh = vi.fn(() => Promise.reject(new Error("no network")));
    const { session, platform } = sessionWithToken({ refresh, retry: { base: 100_000, max: 100_000 } });
    holdToken(session);
    await untilStatus(session, "waiting");
    await platform.wake(true);
    expect(refresh).toHaveBeenCalledTimes(2);
    for (let time = 0; time < 30; time++) {
      await platform.wake(true);
      await platform.advance(300);
    }
    expect(refresh).toHaveBeenCalledTimes(2);
    await platform.advance(1_000);
    expect(refresh).toHaveBeenCalledTimes(3);
  });

  it("B6 the network's return puts off no try that is due before", async () => {
    const refresh = vi.fn(() => Promise.reject(new Error("no network")));
    const { session, platform } = sessionWithToken({ refresh, retry: { base: 2_000, max: 2_000 } });
    holdToken(session);
    await untilStatus(session, "waiting");
    await platform.wake(true);
    const { retryAt } = await untilStatus(session, "waiting");
    await platform.wake(true);
    expect(await untilStatus(session, "waiting")).toMatchObject({ retryAt });
  });

  it("B6 B27 a network that has brought a token is tried at once at its next return", async () => {
    const desk = new RefreshDesk();
    const { session, platform } = sessionWithToken({ ...desk, retry: { base: 100_000, max: 100_000 } });
    platform.chance = 0.9;
    holdToken(session);
    const fail = async (turn: number) => {
      (await desk.turn(turn)).reject(new Error("no network"));
      await untilStatus(session, "waiting");
      await platform.wake(true);
    };
    await fail(1);
    (await desk.turn(2)).resolve("fresh");
    await untilStatus(session, "signedIn");
    const forced = session.getToken({ forceRefresh: true });
    forced.catch(() => {});
    await fail(3);
    expect(desk.turns).toHaveLength(4);
  });

  it("B6 one success forgets the failures before it", async () => {
    const desk = new RefreshDesk();
    const { session, platform } = sessionWithToken(desk);
    holdToken(session);
    for (const number of [1, 2, 3]) {
      (await desk.turn(number)).reject(new Error());
      await platform.advance((await untilStatus(session, "waiting")).retryAt - platform.now());
    }
    (await desk.turn(4)).resolve("fresh");
    await untilStatus(session, "signedIn");
    const forced = session.getToken({ forceRefresh: true });
    (await desk.turn(5)).reject(new Error());
    await expect(forced).rejects.toMatchObject({ code: "refresh_failed" });
    expect((await untilStatus(session, "waiting")).retryAt).toBe(platform.now() + 500);
  });

  it("B6 a session that waits is not signed out, however long the endpoint is down", async () => {
    const statuses = new Set<SessionState["status"]>();
    const endpoint = startRefreshEndpoint();
    const { session, platform } = sessionWithToken({ refresh: endpoint.url });
    session.subscribe(({ status }) => statuses.add(status));
    holdToken(session);
    for (let attempt = 0; attempt < 10; attempt++) {
      const { retryAt } = await untilStatus(session, "waiting");
      await platform.advance(retryAt - platform.now());
      await endpoint.until(() => endpoint.calls.length === attempt + 2);
    }
    expect(statuses).toEqual(new Set(["refreshing", "waiting"]));
  });
});
