import { AuthSession, memoryStore } from "authsocket";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { ManualPlatform } from "../support/manual-platform.ts";
import { RefreshDesk } from "../support/refresh-desk.ts";
import { untilStatus } from "../support/states.ts";
import { StoreDesk } from "../support/store-desk.ts";
import { timedToken } from "../support/unsigned-jwt.ts";

function newSession(accessToken?: string) {
  const platform = new ManualPlatform();
  platform.chance = 0.5;
  const desk = new RefreshDesk();
  const store = memoryStore(accessToken === undefined ? undefined : { accessToken });
  return { platform, desk, store, session: new AuthSession({ ...desk, store }, platform) };
}

describe("getToken", () => {
  it("B2 any number of calls share one refresh", async () => {
    const { session, desk } = newSession();
    const tokens = Array.from({ length: 50 }, (_, index) =>
      session.getToken({ forceRefresh: index % 2 === 0 }),
    );
    (await desk.turn(1)).resolve("fresh");
    expect(new Set(await Promise.all(tokens))).toEqual(new Set(["fresh"]));
    expect(desk.turns).toHaveLength(1);
  });

  it("B2 a valid token is answered without a refresh", async () => {
    const { session, desk } = newSession("stored");
    expect(await session.getToken()).toBe("stored");
    expect(desk.turns).toHaveLength(0);
  });

  it("B1 an expired token is never answered", async () => {
    const { platform } = newSession();
    const { session, desk } = newSession(timedToken(platform.now() - 3_600_000));
    const token = session.getToken();
    const { context, resolve } = await desk.turn(1);
    expect(context.reason).toBe("expired");
    resolve("fresh");
    expect(await token).toBe("fresh");
  });

  it("B4 a token that is due for renewal is answered at once, and renewed beside", async () => {
    const { platform } = newSession();
    const due = timedToken(platform.now() - 895_000);
    const { session, desk } = newSession(due);
    expect(await session.getToken()).toBe(due);
    expect(desk.reasons).toEqual(["expiring"]);
    (await desk.turn(1)).resolve("fresh");
    await new Promise(setImmediate);
    expect(await session.getToken()).toBe("fresh");
  });

  it("B2 forceRefresh refreshes a token that is still good", async () => {
    const { session, desk } = newSession("stored");
    const token = session.getToken({ forceRefresh: true });
    expect(session.state).toMatchObject({ status: "refreshing", reason: "forced" });
    expect(await session.getToken()).toBe("stored");
    (await desk.turn(1)).resolve("fresh");
    expect(await token).toBe("fresh");
    expect(await session.getToken()).toBe("fresh");
  });

  it("B2 forceRefresh is not content with what an asynchronous store turns out to hold", async () => {
    const desk = new RefreshDesk();
    const store = new StoreDesk({ accessToken: "stored" });
    const session = new AuthSession({ ...desk, store }, new ManualPlatform());
    const token = session.getToken({ forceRefresh: true });
    await store.answerAll();
    expect(desk.reasons).toEqual(["forced"]);
    desk.turns[0]?.resolve("fresh");
    await new Promise(setImmediate);
    await store.answerAll(); // B22: it is read at that moment
    expect(await token).toBe("fresh");
  });

  it("B6 forceRefresh rejects with the failure, and the good token is kept", async () => {
    const { session, desk } = newSession("stored");
    const token = session.getToken({ forceRefresh: true });
    (await desk.turn(1)).reject(new Error("no network"));
    await expect(token).rejects.toMatchObject({ code: "refresh_failed" });
    expect(await session.getToken()).toBe("stored");
  });

  it("B6 a call during a backoff waits for the next attempt and shares its outcome", async () => {
    const { session, desk, platform } = newSession();
    const first = session.getToken();
    (await desk.turn(1)).reject(new Error("no network"));
    await expect(first).rejects.toMatchObject({ code: "refresh_failed" });
    const second = session.getToken();
    const third = session.getToken({ forceRefresh: true });
    expect(desk.turns).toHaveLength(1);
    await platform.advance(500);
    (await desk.turn(2)).resolve("fresh");
    expect(await Promise.all([second, third])).toEqual(["fresh", "fresh"]);
  });

  it("B4 nobody waiting and no socket, a failed refresh is not tried again by itself", async () => {
    const { session, desk, platform } = newSession();
    const token = session.getToken();
    (await desk.turn(1)).reject(new Error("no network"));
    await expect(token).rejects.toMatchObject({ code: "refresh_failed" });
    expect(platform.pending).toEqual({ timers: 0, listeners: 0 });
    await platform.advance(60_000);
    expect(desk.turns).toHaveLength(1);
  });

  it("B9 a signal ends one call with its reason, and not the refresh that others wait for", async () => {
    const { session, desk } = newSession();
    const controller = new AbortController();
    const mine = session.getToken({ signal: controller.signal });
    const theirs = session.getToken();
    const { context, resolve } = await desk.turn(1);
    const reason = new Error("gone to another page");
    controller.abort(reason);
    await expect(mine).rejects.toBe(reason);
    expect(context.signal.aborted).toBe(false);
    resolve("fresh");
    expect(await theirs).toBe("fresh");
  });

  it("B9 a signal that is aborted already rejects before anything is asked", async () => {
    const { session, desk } = newSession();
    await expect(session.getToken({ signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: "AbortError",
    });
    expect(desk.turns).toHaveLength(0);
  });

  it("B20 without a DOMException, as in React Native, a signal that keeps no reason ends a call all the same", async () => {
    const { session } = newSession();
    const controller = new AbortController();
    Object.defineProperty(controller.signal, "reason", { value: undefined });
    const token = session.getToken({ signal: controller.signal });
    vi.stubGlobal("DOMException", undefined);
    onTestFinished(() => void vi.unstubAllGlobals());
    controller.abort();
    await expect(token).rejects.toMatchObject({ name: "AbortError", message: "The operation was aborted." });
  });

  it("B9 a signal that is aborted later does nothing to a token already given", async () => {
    const { session } = newSession("stored");
    const controller = new AbortController();
    expect(await session.getToken({ signal: controller.signal })).toBe("stored");
    controller.abort();
    expect(session.state.status).toBe("signedIn");
  });

  it("B9 a call given up during a backoff leaves no timer behind", async () => {
    const { session, desk, platform } = newSession();
    const first = session.getToken();
    (await desk.turn(1)).reject(new Error("no network"));
    await expect(first).rejects.toThrow();
    const controller = new AbortController();
    const second = session.getToken({ signal: controller.signal });
    expect(platform.pending).toEqual({ timers: 1, listeners: 1 });
    controller.abort();
    await expect(second).rejects.toMatchObject({ name: "AbortError" });
    expect(platform.pending).toEqual({ timers: 0, listeners: 0 });
  });

  it("T21 a refresh that answers something other than a string is invalid_response", async () => {
    for (const answer of [
      {},
      42,
      [],
      ["token"],
      { accessToken: 1 },
      true,
      "",
      "undefined",
      "x".repeat(2 ** 20),
    ]) {
      const { session, desk } = newSession();
      const token = session.getToken();
      (await desk.turn(1)).resolve(answer);
      await expect(token).rejects.toMatchObject({ code: "invalid_response" });
    }
  });

  it("B5 a refresh that hands out one and the same token does not renew without end", async () => {
    const { platform } = newSession();
    const same = timedToken(platform.now(), 900_000);
    const end = platform.now() + 10_000;
    let refreshes = 0;
    const session = new AuthSession(
      {
        refresh: async () => {
          refreshes++;
          return same;
        },
        store: memoryStore({ accessToken: same, expiresAt: end }),
      },
      platform,
    );
    for (let second = 0; second < 9; second++) {
      expect(await session.getToken()).toBe(same);
      await platform.advance(1_000);
    }
    // Halfway to its end each time, which stays where it is.
    expect(refreshes).toBeGreaterThan(1);
    expect(refreshes).toBeLessThan(9);
    expect(session.state).toMatchObject({ expiresAt: end });
  });

  it("B22 dispose rejects whoever waits, sees the refresh to its end, and leaves no timer or listener", async () => {
    const { session, desk, platform, store } = newSession();
    const token = session.getToken();
    const { context, resolve } = await desk.turn(1);
    session.dispose();
    session.dispose();
    await expect(token).rejects.toMatchObject({ code: "signed_out" });
    expect(context.signal.aborted).toBe(false);
    resolve("late");
    await new Promise(setImmediate);
    expect(store.load()).toMatchObject({ accessToken: "late" });
    expect(platform.pending).toEqual({ timers: 0, listeners: 0 });
    await expect(session.getToken()).rejects.toMatchObject({ code: "signed_out" });
  });

  it("B9 a signOut leaves no timer of the refresh that it has aborted", async () => {
    const { session, desk, platform } = newSession();
    const token = session.getToken();
    const { context, reject } = await desk.turn(1);
    context.signal.addEventListener("abort", () => reject(context.signal.reason));
    await Promise.all([expect(token).rejects.toThrow(), session.signOut()]);
    expect(platform.pending).toEqual({ timers: 0, listeners: 0 });
  });

  it("B9 a disposed session stores nothing and subscribes to nothing more", async () => {
    let subscriptions = 0;
    const store = memoryStore();
    const subscribe = () => {
      subscriptions++;
      return () => {
        subscriptions--;
      };
    };
    const session = new AuthSession(
      { refresh: async () => "fresh", store: { ...store, subscribe } },
      new ManualPlatform(),
    );
    session.dispose();
    await session.signIn("mine").catch(() => {});
    session.subscribe(() => {})();
    expect(session.state).toBe(session.state);
    expect(subscriptions).toBe(0);
    expect(store.load()).toBeNull();
  });

  it("B2 a session that waits tells retryAt, reason and error; one that refreshes again keeps who it is", async () => {
    const { platform } = newSession();
    const { session, desk, platform: own } = newSession(timedToken(platform.now() - 3_600_000));
    const token = session.getToken();
    (await desk.turn(1)).reject(new Error("no network"));
    await expect(token).rejects.toThrow();
    expect(await untilStatus(session, "waiting")).toMatchObject({
      subject: "alice",
      retryAt: own.now() + 500,
    });
  });
});
