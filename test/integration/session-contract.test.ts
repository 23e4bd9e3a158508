import {
  AuthSession,
  AuthSocket,
  memoryStore,
  type TokenSet,
  type TokenSource,
  type TokenStore,
} from "authsocket";
import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { Session } from "../../src/client/session/session.ts";
import { deferred } from "../support/deferred.ts";
import { ManualPlatform } from "../support/manual-platform.ts";
import { MapStorage } from "../support/map-storage.ts";
import { RefreshDesk } from "../support/refresh-desk.ts";
import { startRefreshEndpoint, tokenResponse } from "../support/refresh-endpoint.ts";
import type { RefreshOptions } from "../support/refresh-options.ts";
import { recordStatuses, untilStatus } from "../support/states.ts";
import { holdToken } from "../support/token-holder.ts";
import { timedToken, unsignedJwt } from "../support/unsigned-jwt.ts";

const LIFETIME = 900_000;

const settled = () => new Promise(setImmediate);

/** A token without an end. */
const named = (sub: string) => unsignedJwt({ sub });

function newSession(options: Partial<RefreshOptions> = {}, tokens?: TokenSet) {
  const platform = new ManualPlatform();
  platform.chance = 0.5;
  const desk = new RefreshDesk();
  const store = memoryStore(tokens);
  const session = new AuthSession({ refresh: desk.refresh, store, ...options }, platform);
  onTestFinished(() => session.dispose());
  return { platform, desk, store, session };
}

describe("whenReady()", () => {
  it("section 2: resolves at once with a token that is good", async () => {
    const { session, desk } = newSession({}, { accessToken: "stored" });
    expect(await session.whenReady()).toEqual({ status: "signedIn" });
    expect(desk.turns).toHaveLength(0);
  });

  it("section 2: asks where nobody has asked yet", async () => {
    const { session, desk } = newSession();
    expect(session.state).toEqual({ status: "unknown" });
    const ready = session.whenReady();
    (await desk.turn(1)).resolve("fresh");
    expect(await ready).toEqual({ status: "signedIn" });
  });

  it("section 2: resolves with signedOut where nobody is signed in", async () => {
    const { session, desk } = newSession();
    const ready = session.whenReady();
    (await desk.turn(1)).resolve(null);
    expect(await ready).toEqual({ status: "signedOut" });
    expect(await session.whenReady()).toEqual({ status: "signedOut" });
    expect(desk.turns).toHaveLength(1);
  });

  it("section 2: asks again after failures that may pass", async () => {
    const { session, desk, platform } = newSession();
    const ready = session.whenReady();
    (await desk.turn(1)).reject(new Error("no network"));
    await untilStatus(session, "waiting");
    await platform.advance(500);
    (await desk.turn(2)).resolve("fresh");
    expect((await ready).status).toBe("signedIn");
  });

  it("section 2: says signedIn while a token that is still good is renewed", async () => {
    const { platform } = newSession();
    const accessToken = timedToken(platform.now(), LIFETIME);
    const { session, desk } = newSession({}, { accessToken });
    void session.getToken({ forceRefresh: true });
    expect(session.state.status).toBe("refreshing");
    expect(await session.whenReady()).toMatchObject({ status: "signedIn", subject: "alice" });
    (await desk.turn(1)).resolve("fresh");
  });

  it("section 2: rejects with the signal's reason", async () => {
    const { session } = newSession();
    const controller = new AbortController();
    const ready = session.whenReady({ signal: controller.signal });
    controller.abort(new Error("left the page"));
    await expect(ready).rejects.toThrow("left the page");
    await expect(session.whenReady({ signal: controller.signal })).rejects.toThrow("left the page");
  });

  it("B20 dispose() rejects it", async () => {
    const { session } = newSession();
    const ready = session.whenReady();
    session.dispose();
    await expect(ready).rejects.toMatchObject({ code: "signed_out" });
  });
});

describe("serverState and token", () => {
  it("section 2: serverState is constant and unknown, whatever happens", async () => {
    const { session } = newSession();
    const { serverState } = session;
    expect(serverState).toEqual({ status: "unknown" });
    await session.signIn("mine");
    expect(session.serverState).toBe(serverState);
  });

  it("section 2: token is there at once while it is good, and not when it has expired", async () => {
    const { platform } = newSession();
    const accessToken = timedToken(platform.now(), 10_000);
    const { session, platform: own } = newSession({}, { accessToken });
    expect(session.token).toBe(accessToken);
    await own.advance(10_000);
    expect(session.token).toBeUndefined();
    await session.signOut();
    expect(session.token).toBeUndefined();
  });
});

describe("getToken({ rejected })", () => {
  it("B27 ten requests refused at once cost one refresh", async () => {
    const { session, desk } = newSession({}, { accessToken: "stored" });
    const tokens = Array.from({ length: 10 }, () => session.getToken({ rejected: "stored" }));
    (await desk.turn(1)).resolve("fresh");
    expect(new Set(await Promise.all(tokens))).toEqual(new Set(["fresh"]));
    expect(await session.getToken({ rejected: "stored" })).toBe("fresh");
    expect(desk.reasons).toEqual(["rejected"]);
  });

  it("B27 an endpoint that always refuses costs one refresh until the token is due", async () => {
    let number = 0;
    const platform = new ManualPlatform();
    const refresh = vi.fn(async () => timedToken(platform.now(), LIFETIME, { jti: ++number }));
    const session = new AuthSession({ refresh, store: memoryStore() }, platform);
    let token = await session.getToken();
    for (let request = 0; request < 50; request++) {
      await platform.advance(10_000);
      token = await session.getToken({ rejected: token });
    }
    // The first, one for the refusals, and none until it is due.
    expect(refresh).toHaveBeenCalledTimes(2);
    session.dispose();
  });

  it("B27 an opaque token that is refused again costs another refresh five minutes later, not before", async () => {
    let number = 0;
    const platform = new ManualPlatform();
    const refresh = vi.fn(async () => `opaque-${++number}`);
    const session = new AuthSession({ refresh, store: memoryStore({ accessToken: "opaque-0" }) }, platform);
    let token = await session.getToken({ rejected: await session.getToken() });
    await platform.advance(299_000);
    expect(await session.getToken({ rejected: token })).toBe(token);
    expect(refresh).toHaveBeenCalledTimes(1);
    await platform.advance(1_000);
    token = await session.getToken({ rejected: token });
    expect(refresh).toHaveBeenCalledTimes(2);
    session.dispose();
  });

  it("B27 forceRefresh is exempt", async () => {
    let number = 0;
    const { session } = newSession({ refresh: async () => `opaque-${++number}` });
    const tokens = new Set<string>();
    for (let call = 0; call < 5; call++) tokens.add(await session.getToken({ forceRefresh: true }));
    expect(tokens.size).toBe(5);
  });

  it("B16 a token that the present sign-in never held is another user's", async () => {
    const { session, desk } = newSession({}, { accessToken: "alice's", subject: "alice" });
    expect(await session.getToken()).toBe("alice's");
    await session.signIn({ accessToken: "bob's", subject: "bob" });
    await expect(session.getToken({ rejected: "alice's" })).rejects.toMatchObject({ code: "user_changed" });
    expect(desk.turns).toHaveLength(0);
  });

  it("B16 after a sign-out, one rejects with signed_out, since nobody else has signed in", async () => {
    const { session } = newSession({}, { accessToken: "alice's", subject: "alice" });
    await session.getToken();
    await session.signOut();
    await expect(session.getToken({ rejected: "alice's" })).rejects.toMatchObject({ code: "signed_out" });
  });

  it("B7 what is refused after a sign-out costs the next sign-in no refresh", async () => {
    const { session, desk, platform } = newSession({}, { accessToken: "first", subject: "alice" });
    const replaced = session.getToken({ rejected: "first" });
    (await desk.turn(1)).resolve({ accessToken: "second", subject: "alice" });
    await replaced;
    await session.signOut();
    await expect(session.getToken({ rejected: "first" })).rejects.toMatchObject({ code: "signed_out" });
    await session.signIn({ accessToken: "third", subject: "alice" });
    await platform.advance(60_000); // B27
    const token = session.getToken({ rejected: "third" });
    (await desk.turn(2)).resolve({ accessToken: "fourth", subject: "alice" });
    expect(await token).toBe("fourth");
  });

  it.each<[string, (session: AuthSession, store: TokenStore, tokens: TokenSet) => unknown]>([
    ["signIn()", (session, _, tokens) => session.signIn(tokens)],
    ["the store", (_, store, tokens) => store.save(tokens)],
  ])(
    "B7 B27 what was refused of a session that has ended costs the same user's next sign-in no refresh: by %s",
    async (_, signIn) => {
      const { session, desk, platform, store } = newSession({}, { accessToken: "first", subject: "alice" });
      const replaced = session.getToken({ rejected: "first" });
      (await desk.turn(1)).resolve(null);
      await expect(replaced).rejects.toMatchObject({ code: "session_expired" });
      await signIn(session, store, { accessToken: "second", subject: "alice" });
      expect(await session.getToken()).toBe("second");
      await platform.advance(60_000);
      const token = session.getToken({ rejected: "second" });
      (await desk.turn(2)).resolve({ accessToken: "third", subject: "alice" });
      expect(await token).toBe("third");
    },
  );

  it.each(["alice", undefined])(
    "B27 T13 an app that signs %s in whenever a session has ended refreshes once in ten seconds",
    async (subject) => {
      let logins = 0;
      const refresh = vi.fn(async () => null);
      const { session, platform } = newSession({ refresh }, { accessToken: "login-0", subject });
      const refused = async () => {
        const token = await session.getToken();
        await session
          .getToken({ rejected: token })
          .catch(() => session.signIn({ accessToken: `login-${++logins}`, subject }));
      };
      for (let second = 0; second < 60; second++) {
        void refused();
        await platform.advance(1_000);
      }
      expect(refresh.mock.calls.length).toBeLessThanOrEqual(7);
      session.dispose();
    },
  );

  it("B27 a source that is only looked into, and has nobody, costs the next user's first refusal no wait", async () => {
    const platform = new ManualPlatform();
    let held: TokenSet | null = { accessToken: "a", subject: "alice", expiresAt: platform.now() + 600_000 };
    const get: TokenSource["get"] = async ({ rejected }) =>
      rejected ? { accessToken: "b2", subject: "bob" } : held;
    const session = new AuthSession({ source: { get } }, platform);
    onTestFinished(() => session.dispose());
    await session.getToken();
    held = null;
    await platform.advance(590_000);
    await session.getToken();
    await untilStatus(session, "signedOut");
    held = { accessToken: "b", subject: "bob" };
    await platform.advance(2_000);
    await session.signIn();
    expect(await session.getToken({ rejected: "b" })).toBe("b2");
  });

  it("B16 a call that waits while another user signs in rejects with user_changed", async () => {
    const { session, desk } = newSession({}, { accessToken: "alice's", subject: "alice" });
    const token = session.getToken({ forceRefresh: true });
    const { resolve } = await desk.turn(1);
    const signedIn = session.signIn({ accessToken: "bob's", subject: "bob" });
    await expect(token).rejects.toMatchObject({ code: "user_changed" });
    resolve("alice's too");
    await signedIn;
    expect(await session.getToken()).toBe("bob's");
  });
});

describe("signIn()", () => {
  it.each<[string, Record<string, unknown>]>([
    ["a TokenSet", { accessToken: "a", refreshToken: "r" }],
    ["the endpoint's JSON", { token: "a", refreshToken: "r", expiresIn: 60 }],
    ["OAuth's JSON", { access_token: "a", refresh_token: "r", expires_in: 60, token_type: "Bearer" }],
    ["JSON that nests in data", { data: { token: "a", refreshToken: "r" } }],
    ["JSON that nests in tokens", { tokens: { accessToken: "a", refreshToken: "r" } }],
    ["JSON that nests in session", { user: {}, session: { access_token: "a", refresh_token: "r" } }],
  ])("takes %s", async (_, tokens) => {
    const { session, store } = newSession();
    await session.signIn(tokens as unknown as TokenSet);
    expect(store.load()).toMatchObject({ accessToken: "a", refreshToken: "r" });
    expect(session.state.status).toBe("signedIn");
  });

  it("expiresIn counts from now, in seconds; of two lifetimes the smaller counts", async () => {
    const { session, platform } = newSession();
    const now = platform.now();
    await session.signIn({ token: timedToken(now, 60_000), expiresIn: 3_600 });
    expect(session.state).toMatchObject({ expiresAt: now + 60_000 });
    await session.signIn({ token: timedToken(now, 3_600_000), expiresIn: 60 });
    expect(session.state).toMatchObject({ expiresAt: now + 60_000 });
  });

  it("B6 an expiresAt in seconds is a TypeError that says so, and nothing changes", async () => {
    const { session } = newSession({}, { accessToken: "stored" });
    expect(session.state.status).toBe("signedIn");
    const tokens = { accessToken: "mine", expiresAt: 1_893_456_000 };
    await expect(session.signIn(tokens)).rejects.toThrow(TypeError);
    await expect(session.signIn(tokens)).rejects.toThrow(/"expiresAt" must be .*seconds/);
    expect(await session.getToken()).toBe("stored");
  });

  it("B6 an expiresAt in seconds in the store is ignored, with one warning", async () => {
    const { session, platform } = newSession({}, { accessToken: "stored", expiresAt: 1_000_000_000 });
    expect(await session.getToken()).toBe("stored");
    expect(session.state).toEqual({ status: "signedIn" });
    expect(await session.getToken()).toBe("stored");
    expect(platform.warnings).toEqual([expect.stringContaining("seconds")]);
  });

  it("B6 an expiresAt in seconds from a refresh function is invalid_response", async () => {
    const refresh = async () => ({ accessToken: "a", expiresAt: 1_893_456_000 });
    const { session } = newSession({ refresh });
    await expect(session.getToken()).rejects.toMatchObject({ code: "invalid_response" });
  });

  it("B23 an equal set changes nothing: no new state, no write", async () => {
    const { session, store } = newSession();
    const tokens = { accessToken: "a", refreshToken: "r", subject: "alice" };
    await session.signIn(tokens);
    const { state } = session;
    const held = store.load();
    const save = vi.spyOn(store, "save");
    await session.signIn({ ...tokens });
    expect(session.state).toBe(state);
    expect(save).not.toHaveBeenCalled();
    expect(store.load()).toEqual(held);
  });

  it("B23 newer other fields of the same access token are stored, and nobody changes", async () => {
    const { session, store } = newSession();
    await session.signIn({ accessToken: "a", refreshToken: "r1", subject: "alice" });
    const { signInId } = store.load() as TokenSet;
    await session.signIn({ accessToken: "a", refreshToken: "r2", subject: "alice" });
    expect(store.load()).toEqual({ accessToken: "a", refreshToken: "r2", subject: "alice", signInId });
  });

  it("B23 nor where it comes with another signInId", async () => {
    const { session } = newSession();
    await session.signIn("a");
    const { user } = session["~session"] as Session;
    await session.signIn({ accessToken: "a", signInId: "another" });
    expect((session["~session"] as Session).user.id).toBe(user.id);
  });

  it.each<[string, Partial<TokenSet>]>([
    ["an equal set does not put off", {}],
    ["nor does one with a newer refresh token put off", { refreshToken: "r2" }],
  ])("B5 B23 %s the end that a server has told since", async (_, newer) => {
    const { session, platform } = newSession();
    const now = platform.now();
    const tokens = { accessToken: "a", refreshToken: "r1", subject: "alice", expiresAt: now + 600_000 };
    await session.signIn(tokens);
    (session["~session"] as Session).measured("a", 14_000);
    await session.signIn({ ...tokens, ...newer });
    expect(session.state).toMatchObject({ status: "signedIn", expiresAt: now + 14_000 });
    await session.signIn({ ...tokens, expiresAt: now + 700_000 });
    expect(session.state).toMatchObject({ status: "signedIn", expiresAt: now + 700_000 });
  });

  it.each(["the failure of", "the answer to"])(
    "B23 a later end of the access token is good at once, while %s the refresh at its last end is waited for",
    async (what) => {
      const { session, desk, platform } = newSession();
      await session.signIn({ accessToken: "sid", expiresAt: platform.now() + 100 });
      await platform.advance(100);
      const asked = session.getToken().catch((error: unknown) => error);
      const { resolve, reject } = await desk.turn(1);
      if (what === "the failure of") {
        reject({ status: 503 });
        expect(await asked).toMatchObject({ code: "refresh_failed" });
      }
      await session.signIn({ accessToken: "sid", expiresAt: platform.now() + 600_000 });
      expect(session.state.status).toBe("signedIn");
      expect(await session.getToken()).toBe("sid");
      resolve({ accessToken: "next" });
      await settled();
      expect(session.token).toBe(what === "the failure of" ? "sid" : "next"); // B22
    },
  );

  it("B23 a later end of the access token is no answer to who wants another one", async () => {
    const { session, desk, platform } = newSession();
    await session.signIn({ accessToken: "sid", expiresAt: platform.now() + 100 });
    await platform.advance(100);
    const forced = session.getToken({ forceRefresh: true });
    const { resolve } = await desk.turn(1);
    await session.signIn({ accessToken: "sid", expiresAt: platform.now() + 600_000 });
    expect(session.token).toBe("sid");
    expect(await session.getToken()).toBe("sid");
    resolve({ accessToken: "next" });
    expect(await forced).toBe("next");
  });

  it("B16 a sign-in draws a signInId, and each refresh keeps it", async () => {
    const { session, store, desk, platform } = newSession();
    platform.chance = 0.25;
    await session.signIn("first");
    const { signInId } = store.load() as TokenSet;
    expect(signInId).toEqual(expect.any(String));
    platform.chance = 0.75;
    const token = session.getToken({ forceRefresh: true });
    (await desk.turn(1)).resolve("second");
    await token;
    expect(store.load()).toEqual({ accessToken: "second", signInId });
    await session.signIn("of another");
    expect((store.load() as TokenSet).signInId).not.toBe(signInId);
  });
});

describe("B22 what a server has given is not thrown away", () => {
  it("B22 a late answer with a one-time token is taken, and the retry waits for it", async () => {
    const { session, desk, platform, store } = newSession(
      {},
      { accessToken: "a1", refreshToken: "r1", expiresAt: Date.UTC(2025, 0, 1) },
    );
    holdToken(session);
    const { context, resolve } = await desk.turn(1);
    expect(context.refreshToken).toBe("r1");
    await platform.advance(10_000);
    expect(session.state).toMatchObject({ status: "waiting", error: { code: "refresh_timeout" } });
    await platform.advance(29_000);
    expect(desk.turns).toHaveLength(1);
    resolve({ accessToken: "a2", refreshToken: "r2" });
    await settled();
    expect(session.state.status).toBe("signedIn");
    expect(store.load()).toMatchObject({ accessToken: "a2", refreshToken: "r2" });
    expect(desk.turns).toHaveLength(1);
  });

  it("B22 T23 a clock set forward while an answer is late costs no timers without end", async () => {
    const { session, desk, platform } = newSession({}, { accessToken: "a", expiresAt: Date.UTC(2025, 0, 1) });
    holdToken(session);
    await desk.turn(1);
    await platform.advance(10_000);
    expect(session.state).toMatchObject({ status: "waiting", error: { code: "refresh_timeout" } });
    platform.jump(60_000);
    await platform.wake();
    const before = platform.delays.length;
    await platform.advance(20_000);
    expect(platform.delays.length - before).toBeLessThan(10);
    expect(desk.turns).toHaveLength(1);
  });

  it("B22 a late answer is not kept where somebody has signed in meanwhile", async () => {
    const { session, desk, platform, store } = newSession({}, { accessToken: "a1", refreshToken: "r1" });
    const forced = session.getToken({ forceRefresh: true }).catch(() => {});
    const { resolve } = await desk.turn(1);
    await platform.advance(10_000);
    await forced;
    void session.signIn({ accessToken: "bob's", subject: "bob" });
    resolve({ accessToken: "a2", refreshToken: "r2" });
    await settled();
    expect(store.load()).toMatchObject({ accessToken: "bob's" });
    expect(await session.getToken()).toBe("bob's");
  });

  it("B22 an answer is not kept where the store holds something newer at that moment", async () => {
    const { session, desk, store } = newSession({}, { accessToken: "a1", signInId: "one" });
    const token = session.getToken({ forceRefresh: true });
    const { resolve } = await desk.turn(1);
    store.save({ accessToken: "theirs", signInId: "one" });
    resolve("ours");
    await settled();
    expect(store.load()).toMatchObject({ accessToken: "theirs" });
    expect(await token).toBe("theirs");
  });

  it("B22 dispose() in mid-refresh: the answer is stored for whoever comes next", async () => {
    const storage = memoryStore({ accessToken: "a1", refreshToken: "r1" });
    const { session, desk } = newSession({ store: storage });
    const token = session.getToken({ forceRefresh: true });
    const { resolve } = await desk.turn(1);
    session.dispose();
    await expect(token).rejects.toMatchObject({ code: "signed_out" });
    resolve({ accessToken: "a2", refreshToken: "r2" });
    await settled();
    expect(storage.load()).toMatchObject({ accessToken: "a2", refreshToken: "r2" });
  });

  it("B22 signOut() aborts, and resolves when the request has ended", async () => {
    const { session, desk } = newSession({}, { accessToken: "a1" });
    const token = session.getToken({ forceRefresh: true });
    const { context, reject } = await desk.turn(1);
    let isOver = false;
    const over = session.signOut().then(() => {
      isOver = true;
    });
    await expect(token).rejects.toMatchObject({ code: "signed_out" });
    expect(context.signal.aborted).toBe(true);
    await settled();
    expect(isOver).toBe(false);
    reject(context.signal.reason);
    await over;
    expect(session.state).toEqual({ status: "signedOut" });
  });

  it.each(["another refresh behind it", "nothing behind it"])(
    "B10 B22 signOut() aborts a request that the same user's sign-in has overtaken, with %s, and waits for its end",
    async (behind) => {
      const { session, desk } = newSession({}, { accessToken: "a1", subject: "alice" });
      session.getToken({ forceRefresh: true }).catch(() => {});
      await desk.turn(1);
      await session.signIn({ accessToken: "a2", subject: "alice" });
      if (behind !== "nothing behind it") session.getToken({ forceRefresh: true }).catch(() => {});
      const ends: string[] = [];
      const over = ["once", "twice"].map((word) => session.signOut().then(() => ends.push(word)));
      expect(desk.turns.map(({ context }) => context.signal.aborted)).not.toContain(false);
      await settled();
      expect(ends).toEqual([]);
      for (const { context, reject } of desk.turns) reject(context.signal.reason);
      await Promise.all(over);
      expect(session.state).toEqual({ status: "signedOut" });
    },
  );

  it("B16 another user's sign-in aborts a request that the last user's sign-in has overtaken", async () => {
    const { session, desk, platform } = newSession({}, { accessToken: "a1", subject: "alice" });
    session.getToken({ forceRefresh: true }).catch(() => {});
    const { context } = await desk.turn(1);
    await session.signIn({ accessToken: "a2", subject: "alice" });
    expect(context.signal.aborted).toBe(false);
    await platform.advance(1);
    await session.signIn({ accessToken: "b1", subject: "bob" });
    expect(context.signal.aborted).toBe(true);
  });

  it("B2 a session made anew while its predecessor's request is on its way takes over what it brings", async () => {
    const platform = new ManualPlatform();
    const refresh = vi.fn(async () => {
      await settled();
      platform.jump(20);
      return { accessToken: `a${refresh.mock.calls.length}`, refreshToken: "r2" };
    });
    const options = () => ({
      refresh,
      store: memoryStore({ accessToken: "a0", refreshToken: "r1", expiresAt: platform.now() - 1 }),
      name: `strict ${platform.now()}`,
    });
    const { pageLeases } = await import("../../src/client/lease/page-leases.ts");
    platform.board = pageLeases;
    const first = new AuthSession(options(), platform);
    const abandoned = first.getToken().catch(() => {});
    first.dispose();
    await abandoned;
    platform.chance = 0.5; // another page would have drawn another name for its turn
    const second = new AuthSession(options(), platform);
    expect(await second.getToken()).toMatch(/^a\d$/);
    expect(refresh.mock.calls.length).toBeLessThanOrEqual(1);
    second.dispose();
  });

  it("B22 a session that was disposed of in mid-refresh asks no more when somebody signs in meanwhile", async () => {
    const { pageLeases } = await import("../../src/client/lease/page-leases.ts");
    const platform = new ManualPlatform();
    platform.board = pageLeases;
    const desk = new RefreshDesk();
    const store = memoryStore({ accessToken: "a0", expiresAt: platform.now() + 900_000 });
    const options = { refresh: desk.refresh, store, name: "overtaken by a sign-in" };
    const first = new AuthSession(options, platform);
    const abandoned = first.getToken({ forceRefresh: true }).catch(() => {});
    const turn = await desk.turn(1);
    first.dispose();
    await abandoned;
    platform.chance = 0.5; // another turn, with another name
    const second = new AuthSession(options, platform);
    await second.signIn({ accessToken: "a1", expiresAt: platform.now() + 900_000 });
    turn.reject(Object.assign(new Error("used"), { status: 401 }));
    await platform.advance(5_000);
    expect(desk.turns).toHaveLength(1);
    expect(second.state.status).toBe("signedIn");
    second.dispose();
  });
});

describe("the refresh endpoint", () => {
  it.each(["data", "tokens", "session"])("an answer may nest under %s", async (nest) => {
    const endpoint = startRefreshEndpoint(() => HttpResponse.json({ ok: true, [nest]: { token: "fresh" } }));
    const { session } = newSession({ refresh: endpoint.url });
    expect(await session.getToken()).toBe("fresh");
  });

  it("`read` says where it nests; where it throws, the default reading is tried", async () => {
    const bodies = [{ result: { auth: { accessToken: "deep" } } }, { token: "plain" }];
    const endpoint = startRefreshEndpoint((_, number) => HttpResponse.json(bodies[number - 1] ?? {}));
    const read = (body: unknown) => (body as { result: { auth: unknown } }).result.auth;
    const { session } = newSession({ refresh: { url: endpoint.url, read } });
    expect(await session.getToken()).toBe("deep");
    expect(await session.getToken({ forceRefresh: true })).toBe("plain");
  });

  it("`read` may pick an answer with an expiry in words of its own", async () => {
    const body = { data: { token: "picked", expiresAt: "2026-01-01T00:15:00Z" } };
    const endpoint = startRefreshEndpoint(() => HttpResponse.json(body));
    const read = (answer: unknown) => (answer as typeof body).data;
    const { session } = newSession({ refresh: { url: endpoint.url, read } });
    expect(await session.getToken()).toBe("picked");
  });

  it("GET sends no body; a refresh token that is held is a TypeError that names POST", async () => {
    const url = "https://get.example.test/session";
    const seen: Request[] = [];
    const server = setupServer(
      http.get(url, ({ request }) => {
        seen.push(request);
        return tokenResponse("fresh");
      }),
    );
    server.listen({ onUnhandledRequest: "bypass" });
    onTestFinished(() => server.close());
    const { session } = newSession({ refresh: { url, method: "GET" } });
    expect(await session.getToken()).toBe("fresh");
    expect(seen).toHaveLength(1);
    expect(seen[0]?.body).toBeNull();
    expect(seen[0]?.cache).toBe("no-store");
    const holder = newSession({ refresh: { url, method: "GET" } }, { accessToken: "a", refreshToken: "r" });
    await expect(holder.session.getToken({ forceRefresh: true })).rejects.toMatchObject({
      message: expect.stringContaining("POST"),
      cause: expect.objectContaining({ name: "TypeError", message: expect.stringContaining("POST") }),
    });
    expect(seen).toHaveLength(1);
  });

  it.each([404, 405])("B25 an answer of %i is warned of once, by the option's name", async (status) => {
    const endpoint = startRefreshEndpoint(() => new Response(null, { status }));
    const { session, platform } = newSession({ refresh: endpoint.url });
    await expect(session.getToken()).rejects.toMatchObject({ code: "refresh_failed" });
    await platform.advance(2_000);
    await session.getToken().catch(() => {});
    expect(platform.warnings).toHaveLength(1);
    expect(platform.warnings[0]).toMatch(/refresh/);
  });

  it.each([
    [400, "invalid_grant"],
    [403, "login_required"],
    [422, "refresh_token_not_found"],
    [500, "interaction_required"],
    [200, "invalid_grant"],
  ])("B6 %i with the JSON error %s is certain", async (status, error) => {
    const endpoint = startRefreshEndpoint(() => HttpResponse.json({ error }, { status }));
    const { session } = newSession({ refresh: endpoint.url }, { accessToken: "a", refreshToken: "r" });
    await expect(session.getToken({ forceRefresh: true })).rejects.toMatchObject({ code: "session_expired" });
    expect(session.state.status).toBe("signedOut");
    expect(endpoint.calls).toHaveLength(1);
  });

  it.each<[string, () => Response]>([
    ["a firewall's page", () => HttpResponse.html("<h1>Blocked</h1>", { status: 403 })],
    ["Retry-After", () => new Response(null, { status: 403, headers: { "Retry-After": "5" } })],
  ])("B6 a 403 with %s is transient, however often it comes", async (_, answer) => {
    const endpoint = startRefreshEndpoint(answer);
    const { session, platform, store } = newSession(
      { refresh: endpoint.url },
      { accessToken: "a", refreshToken: "r", expiresAt: Date.UTC(2025, 0, 1) },
    );
    holdToken(session);
    for (let call = 1; call <= 6; call++) {
      const { retryAt, error } = await untilStatus(session, "waiting");
      expect(error.code).toBe("refresh_failed");
      await platform.advance(retryAt - platform.now());
      await endpoint.until(() => endpoint.calls.length === call + 1);
    }
    expect(store.load()).toMatchObject({ accessToken: "a", refreshToken: "r" });
  });

  it.each<[string, () => unknown]>([
    ["a thrown Response in HTML", () => HttpResponse.html("<h1>Blocked</h1>", { status: 403 })],
    [
      "an error whose response is in HTML",
      () => ({ response: HttpResponse.html("<h1>Bad request</h1>", { status: 400 }) }),
    ],
    [
      "an error whose response has Retry-After",
      () => ({ response: new Response(null, { status: 403, headers: { "Retry-After": "5" } }) }),
    ],
  ])("B6 a function that fails with %s does not end the session, however often", async (_, failure) => {
    const refresh = vi.fn(() => Promise.reject(failure()));
    const { session, platform, store } = newSession(
      { refresh },
      { accessToken: "a", expiresAt: Date.UTC(2025, 0, 1) },
    );
    holdToken(session);
    for (let call = 1; call <= 6; call++) {
      const { retryAt } = await untilStatus(session, "waiting");
      await platform.advance(retryAt - platform.now());
      expect(refresh).toHaveBeenCalledTimes(call + 1);
    }
    expect(store.load()).toMatchObject({ accessToken: "a" });
  });

  it.each([400, 401, 403])(
    "B6 %i where nobody is known is simply signedOut, and deletes nothing",
    async (status) => {
      const endpoint = startRefreshEndpoint(() => new Response(null, { status }));
      const { session, store } = newSession({ refresh: endpoint.url });
      const clear = vi.spyOn(store, "clear");
      expect(await session.whenReady()).toEqual({ status: "signedOut" });
      expect(clear).not.toHaveBeenCalled();
      expect(endpoint.calls).toHaveLength(1);
    },
  );

  it("B6 a function that refuses is asked once more, as soon as the app's own retries would come", async () => {
    const refresh = vi.fn(() => Promise.reject(Object.assign(new Error("no"), { status: 401 })));
    const { session, platform } = newSession(
      { refresh, retry: { base: 50, max: 100 } },
      { accessToken: "a", expiresAt: Date.UTC(2025, 0, 1) },
    );
    holdToken(session);
    const { retryAt } = await untilStatus(session, "waiting");
    expect(retryAt - platform.now()).toBe(100);
    await platform.advance(100);
    await untilStatus(session, "signedOut");
    expect(refresh).toHaveBeenCalledTimes(2);
  });

  it.each<[string, (headers: Record<string, string>) => unknown]>([
    ["a Response", (headers) => new Response(null, { status: 503, headers })],
    ["an error with a Response", (headers) => ({ response: new Response(null, { status: 429, headers }) })],
    ["an error with plain headers", (headers) => ({ response: { status: 503, headers } })],
    [
      "an error with plain headers in lower case",
      (headers) => ({ response: { status: 503, headers: { "retry-after": headers["Retry-After"] } } }),
    ],
    [
      "jQuery's answer",
      (headers) => ({ status: 503, getResponseHeader: (name: string) => headers[name] ?? null }),
    ],
  ])("B6 a function that throws %s is not called again before its Retry-After is over", async (_, error) => {
    const { session, desk, platform } = newSession();
    const ready = session.whenReady();
    (await desk.turn(1)).reject(error({ "Retry-After": "40" }));
    await untilStatus(session, "waiting");
    await platform.advance(39_000);
    expect(desk.turns).toHaveLength(1);
    await platform.advance(3_000);
    (await desk.turn(2)).resolve("fresh");
    expect((await ready).status).toBe("signedIn");
  });

  it("B6 a Retry-After that is a date is read by this clock where the answer's Date is hidden", async () => {
    const { session, desk, platform } = newSession();
    const ready = session.whenReady();
    const headers = { "Retry-After": new Date(platform.now() + 3_600_000).toUTCString() };
    (await desk.turn(1)).reject(new Response(null, { status: 503, headers }));
    const { retryAt } = await untilStatus(session, "waiting");
    expect(retryAt).toBeGreaterThanOrEqual(platform.now() + 3_599_000);
    session.dispose();
    await expect(ready).rejects.toMatchObject({ code: "signed_out" });
  });

  it("B6 a 401 without a refresh token is asked once more, within two seconds, and may then be good", async () => {
    const endpoint = startRefreshEndpoint((_, number) =>
      number === 1 ? new Response(null, { status: 401 }) : tokenResponse("fresh"),
    );
    const { session, platform } = newSession(
      { refresh: endpoint.url },
      { accessToken: "a", expiresAt: Date.UTC(2025, 0, 1) },
    );
    holdToken(session);
    const { retryAt } = await untilStatus(session, "waiting");
    expect(retryAt - platform.now()).toBeLessThanOrEqual(2_000);
    await platform.advance(retryAt - platform.now());
    await untilStatus(session, "signedIn");
    expect(endpoint.calls).toHaveLength(2);
  });

  it.each<[string, () => Response, string]>([
    ["ends the session", () => new Response(null, { status: 401 }), "session_expired"],
    ["brings a token", () => tokenResponse("fresh"), "fresh"],
    ["fails", () => new Response(null, { status: 503 }), "refresh_failed"],
  ])(
    "B6 on a page without a socket, a call waits for the second try after a 401, which %s",
    async (_, second, outcome) => {
      const endpoint = startRefreshEndpoint((_, number) =>
        number === 1 ? new Response(null, { status: 401 }) : second(),
      );
      const { session, platform } = newSession(
        { refresh: endpoint.url },
        { accessToken: "a", expiresAt: Date.UTC(2025, 0, 1) },
      );
      const token = session.getToken().catch(({ code }: { code: string }) => code);
      await untilStatus(session, "waiting");
      await platform.advance(2_000);
      expect(await token).toBe(outcome);
      expect(endpoint.calls).toHaveLength(2);
    },
  );

  it("B6 on a page without a socket, the second try after a 401 comes though no call waits, and no third one", async () => {
    const endpoint = startRefreshEndpoint(
      (_, number) => new Response(null, { status: number < 3 ? 401 : 503 }),
    );
    const open = () => newSession({ refresh: endpoint.url, name: `${Math.random()}` }, { accessToken: "a" });
    /** Refused, with a call that nobody waits for any more. */
    const refused = async (session: AuthSession) => {
      const calling = new AbortController();
      const call = session.getToken({ forceRefresh: true, signal: calling.signal });
      await untilStatus(session, "waiting");
      calling.abort();
      await expect(call).rejects.toThrow("abort");
    };
    const { session, platform } = open();
    await refused(session);
    await platform.advance(2_000);
    expect(await untilStatus(session, "signedOut")).toMatchObject({ error: { code: "session_expired" } });
    endpoint.answer = (_, number) => new Response(null, { status: number === 3 ? 401 : 503 });
    const other = open();
    await refused(other.session);
    await other.platform.advance(2_000);
    await endpoint.until(() => endpoint.calls.length === 4);
    await untilStatus(other.session, "waiting");
    await other.platform.advance(600_000);
    expect(endpoint.calls).toHaveLength(4);
  });

  it.each([
    ["code", "invalid_grant"],
    ["error", "login_required"],
    ["errorCode", "missing_refresh_token"],
  ])("B6 a function's error whose %s is %s is certain", async (field, word) => {
    const refresh = () => Promise.reject(Object.assign(new Error(), { [field]: word }));
    const { session } = newSession({ refresh }, { accessToken: "a", refreshToken: "r" });
    await expect(session.getToken({ forceRefresh: true })).rejects.toMatchObject({ code: "session_expired" });
  });
});

describe("a source", () => {
  function sourceOf(initial: string | null, retry?: RefreshOptions["retry"]) {
    const listeners = new Set<() => void>();
    const held = { token: initial };
    const get = vi.fn(async (_: Parameters<TokenSource["get"]>[0]) => held.token);
    const source: TokenSource = {
      get,
      subscribe: (changed) => {
        listeners.add(changed);
        return () => listeners.delete(changed);
      },
    };
    const tell = (token: string | null) => {
      held.token = token;
      for (const listener of listeners) listener();
      return settled();
    };
    const platform = new ManualPlatform();
    const session = new AuthSession({ source, retry }, platform);
    onTestFinished(() => session.dispose());
    return { session, platform, get, tell, listeners };
  }

  it("section 2: is asked for its token, and says null where nobody is signed in", async () => {
    const { session, get } = sourceOf("sdk-1");
    expect(session.state).toEqual({ status: "unknown" });
    expect(await session.getToken()).toBe("sdk-1");
    expect(get.mock.calls.map(([{ reason }]) => reason)).toEqual(["missing"]);
    const nobody = sourceOf(null);
    expect(await nobody.session.whenReady()).toEqual({ status: "signedOut" });
  });

  it("B22 is not made to refresh a refused token once the session has been disposed of", async () => {
    const platform = new ManualPlatform();
    const token = timedToken(platform.now(), LIFETIME);
    const answers: (() => void)[] = [];
    const get = vi.fn(
      (_: Parameters<TokenSource["get"]>[0]) =>
        new Promise<string>((resolve) => answers.push(() => resolve(token))),
    );
    const session = new AuthSession({ source: { get } }, platform);
    const first = session.getToken();
    answers.shift()?.();
    await first;
    await platform.advance(LIFETIME * 0.95);
    await session.getToken(); // it is due: a look
    session.getToken({ rejected: token }).catch(() => {});
    session.dispose();
    answers.shift()?.();
    await settled();
    expect(get.mock.calls.map(([{ reason }]) => reason)).toEqual(["missing", "expiring"]);
  });

  it("B13 one that hands out an opaque token is made to renew it before its end", async () => {
    const { session, platform, get } = sourceOf("opaque");
    onTestFinished(holdToken(session));
    await session.getToken();
    const inner = session["~session"] as Session;
    inner.measured("opaque", 60_000);
    await platform.advance(59_900);
    expect(get.mock.calls.map(([{ reason }]) => reason)).toContain("expired");
  });

  it("B13 one that hands out an opaque token and tells when it ends is made to renew it before that", async () => {
    const platform = new ManualPlatform();
    const expiresAt = platform.now() + LIFETIME;
    const renewedAt: number[] = [];
    const get = async ({ reason }: { reason: string }) => {
      if (reason !== "expired") return { accessToken: "opaque", expiresAt };
      renewedAt.push(platform.now());
      return "renewed";
    };
    const session = new AuthSession({ source: { get } }, platform);
    onTestFinished(() => session.dispose());
    onTestFinished(holdToken(session));
    await session.getToken();
    for (let passed = 0; passed <= LIFETIME; passed += 100) await platform.advance(100);
    expect(renewedAt).toHaveLength(1);
    expect(renewedAt[0]).toBeGreaterThanOrEqual(expiresAt - 2_000);
    expect(renewedAt[0]).toBeLessThan(expiresAt);
  });

  it("B27 one that tells of a renewal before it answers is made to renew once in ten seconds", async () => {
    const { session, platform, get, tell } = sourceOf("sdk-1");
    await session.getToken();
    let issued = 1;
    get.mockImplementation(async ({ reason }) => {
      if (reason === "rejected") await tell(`sdk-${++issued}`);
      return `sdk-${issued}`;
    });
    const { refreshes } = session["~session"] as Session;
    for (let asker = 0; asker < 6; asker++) {
      refreshes.replace({}, `${session.token}`);
      for (let turn = 0; turn < 10; turn++) await settled();
      await platform.advance(100);
    }
    expect(get.mock.calls.filter(([{ reason }]) => reason === "rejected")).toHaveLength(1);
  });

  it("section 2: its news of a sign-in, a renewal and a sign-out is followed", async () => {
    const { session, tell } = sourceOf(null);
    await session.whenReady();
    const statuses = recordStatuses(session);
    await tell(timedToken(Date.UTC(2026, 0, 1), LIFETIME, { jti: 1 }));
    expect(session.state).toMatchObject({ status: "signedIn", subject: "alice" });
    const renewed = timedToken(Date.UTC(2026, 0, 1), LIFETIME, { jti: 2 });
    await tell(renewed);
    expect(session.token).toBe(renewed);
    await tell(null);
    expect(session.state).toMatchObject({ status: "signedOut" });
    expect(statuses).toEqual(["signedOut", "signedIn", "signedOut"]);
  });

  it.each(["a while", "the network's return"])(
    "B16 its news is followed after %s where it fails when asked",
    async (what) => {
      const { session, platform, get, tell } = sourceOf(timedToken(Date.UTC(2026, 0, 1), LIFETIME));
      platform.chance = 0.5;
      onTestFinished(holdToken(session));
      await session.getToken();
      get.mockRejectedValueOnce(new TypeError("Failed to fetch"));
      const bobs = timedToken(Date.UTC(2026, 0, 1), LIFETIME, { sub: "bob" });
      await tell(bobs);
      expect(session.state).toMatchObject({ subject: "alice" });
      await (what === "a while" ? platform.advance(1_000) : platform.wake(true));
      await settled();
      expect(session.token).toBe(bobs);
      expect(get).toHaveBeenCalledTimes(3);
      session.dispose();
      expect(platform.pending).toEqual({ timers: 0, listeners: 0 });
    },
  );

  it("B27 one that fails when it has news is asked by a network that comes and goes once in ten seconds", async () => {
    const { session, platform, get, tell } = sourceOf(timedToken(Date.UTC(2026, 0, 1), LIFETIME), {
      base: 100_000,
      max: 100_000,
    });
    platform.chance = 0.9;
    onTestFinished(holdToken(session));
    await session.getToken();
    get.mockClear().mockRejectedValue(new TypeError("Failed to fetch"));
    await tell(null);
    await platform.wake(true);
    expect(get).toHaveBeenCalledTimes(2);
    for (let time = 0; time < 30; time++) {
      await platform.wake(true);
      await platform.advance(300);
    }
    expect(get).toHaveBeenCalledTimes(2);
    get.mockResolvedValue(null);
    await platform.advance(1_000);
    expect(get).toHaveBeenCalledTimes(3);
    expect(session.state).toEqual({ status: "signedOut" });
  });

  it("B6 B16 one whose question is under way as the network returns is asked again once that has failed", async () => {
    const { session, platform, get, tell } = sourceOf(named("alice"));
    platform.chance = 0.5;
    onTestFinished(holdToken(session));
    await session.getToken();
    get.mockRejectedValueOnce(new TypeError("Failed to fetch")).mockReturnValueOnce(new Promise(() => {}));
    await tell(named("bob"));
    await platform.wake(true);
    expect(get).toHaveBeenCalledTimes(3);
    await platform.advance(5_000);
    await platform.wake(true);
    await platform.advance(10_000);
    expect(session.state).toMatchObject({ status: "signedIn", subject: "bob" });
  });

  it("B6 B16 one that is to be asked again before long is asked then, also where the network returns", async () => {
    const { session, platform, get, tell } = sourceOf(named("alice"));
    platform.chance = 0.5;
    onTestFinished(holdToken(session));
    await session.getToken();
    for (let time = 0; time < 2; time++) get.mockRejectedValueOnce(new TypeError("Failed to fetch"));
    await tell(named("bob"));
    await platform.wake(true);
    await settled();
    expect(get).toHaveBeenCalledTimes(3);
    await platform.wake(true); // B27: which alone is no reason so soon
    await platform.advance(1_000);
    expect(session.state).toMatchObject({ status: "signedIn", subject: "bob" });
  });

  it("B6 a source that says when it has news that the user must sign in again ends the session at once", async () => {
    const { session, get, tell } = sourceOf("sdk-1");
    await session.getToken();
    get.mockRejectedValueOnce(Object.assign(new Error("Login required"), { error: "login_required" }));
    await tell(null);
    expect(session.state).toEqual({ status: "signedOut" });
    expect(get).toHaveBeenCalledTimes(2);
  });

  it.each(["signedIn", "signedOut"] as const)(
    "B6 B9 B27 one that throws when it has news is asked again, ever later, until it says who is there: %s",
    async (status) => {
      const token = timedToken(Date.UTC(2026, 0, 1), LIFETIME);
      const { session, platform, get, tell } = sourceOf(status === "signedIn" ? token : null);
      platform.chance = 0.5;
      await session.whenReady();
      get.mockClear().mockRejectedValue(new TypeError("Failed to fetch"));
      await tell(null);
      for (let second = 0; second < 600; second++) await platform.advance(1_000);
      // After 0.5, 1, 2, 4 and 8 s, and every 15 s from then on.
      const most = 6 + Math.floor((600 - 15.5) / 15);
      expect(get.mock.calls.length).toBeLessThanOrEqual(most);
      expect(get.mock.calls.length).toBeGreaterThan(most - 3);
      expect(session.state.status).toBe(status);
      get.mockImplementation(async () => named("bob"));
      await platform.advance(15_000);
      expect(session.state).toMatchObject({ status: "signedIn", subject: "bob" });
      get.mockClear();
      await platform.advance(60_000);
      expect(get).not.toHaveBeenCalled();
    },
  );

  it("B27 one that announces each of its failures is asked ever later, too", async () => {
    const { session, platform, get, tell } = sourceOf(named("alice"));
    platform.chance = 0.5;
    await session.getToken();
    get.mockClear().mockImplementation(() => {
      void tell(null);
      return Promise.reject(new TypeError("Failed to fetch"));
    });
    await tell(null);
    for (let second = 0; second < 600; second++) await platform.advance(1_000);
    expect(get.mock.calls.length).toBeLessThan(50);
    get.mockImplementation(async () => named("bob"));
    await platform.advance(15_000);
    expect(session.state).toMatchObject({ status: "signedIn", subject: "bob" });
  });

  it("B6 B27 one that owes news is asked as the network returns, and not for a refresh, nor by a look at the page", async () => {
    const { session, platform, get, tell } = sourceOf(timedToken(Date.UTC(2026, 0, 1), 60_000), {
      base: 100_000,
      max: 100_000,
    });
    platform.chance = 0.9;
    await session.getToken();
    get.mockClear().mockRejectedValue(new TypeError("Failed to fetch"));
    const statuses = recordStatuses(session);
    await tell(null);
    await platform.advance(70_000);
    await platform.wake(false);
    expect(get).toHaveBeenCalledOnce();
    await platform.wake(true);
    expect(get.mock.calls.map(([{ reason }]) => reason)).toEqual(["expiring", "expiring"]);
    expect(statuses).toEqual(["signedIn"]);
  });

  it("T23 B16 one that owes news is asked as the machine wakes up, where its time has come while it slept", async () => {
    const { session, platform, get, tell } = sourceOf("token", { base: 100_000, max: 100_000 });
    platform.chance = 0.9;
    await session.getToken();
    get.mockRejectedValueOnce(new TypeError("Failed to fetch"));
    await tell(null);
    platform.jump(3_600_000);
    await platform.wake(false);
    expect(session.state).toEqual({ status: "signedOut" });
  });

  it("B9 B27 one that hangs until it is aborted when it has news is asked ever later", async () => {
    const { session, platform, get, tell } = sourceOf(null);
    platform.chance = 0.5;
    await session.whenReady();
    get
      .mockClear()
      .mockImplementation(
        ({ signal }) =>
          new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted")))),
      );
    await tell(null);
    for (let second = 0; second < 600; second++) await platform.advance(1_000);
    // Ten seconds each, and 15 s between them before long.
    expect(get.mock.calls.length).toBeLessThan(30);
    expect(get.mock.calls.length).toBeGreaterThan(20);
  });

  it("B9 one that hangs when it has news is asked again once it has answered, and no more often", async () => {
    const { session, platform, get, tell } = sourceOf(null);
    await session.whenReady();
    const hanging = deferred<string | null>();
    get.mockClear().mockReturnValueOnce(hanging.promise);
    get.mockImplementation(async () => named("bob"));
    await tell(null);
    for (let second = 0; second < 600; second++) await platform.advance(1_000);
    expect(get).toHaveBeenCalledOnce();
    hanging.resolve(named("alice"));
    await settled();
    expect(get).toHaveBeenCalledTimes(2);
    expect(session.state).toMatchObject({ status: "signedIn", subject: "bob" });
  });

  it.each<[string, (session: AuthSession, platform: ManualPlatform) => unknown]>([
    ["while it is to be asked again", (session) => session.dispose()],
    [
      "in a listener as the network returns",
      (session, platform) => {
        session.subscribe(() => session.dispose());
        return platform.wake(true);
      },
    ],
  ])(
    "B11 dispose() leaves no timer and no listener where one has failed when it had news: called %s",
    async (_, dispose) => {
      const { session, platform, get, tell } = sourceOf(named("alice"));
      platform.chance = 0.5;
      onTestFinished(holdToken(session));
      await session.getToken();
      get.mockRejectedValue(new TypeError("Failed to fetch"));
      await expect(session.getToken({ forceRefresh: true })).rejects.toMatchObject({
        code: "refresh_failed",
      });
      await tell(null);
      await settled();
      await dispose(session, platform);
      await settled();
      expect(platform.pending).toEqual({ timers: 0, listeners: 0 });
    },
  );

  it("B11 dispose() in one that announces whatever it is asked for leaves no timer", async () => {
    const { session, platform, get, tell } = sourceOf(named("alice"));
    await session.getToken();
    get.mockClear().mockImplementation(async () => {
      void tell(null);
      if (get.mock.calls.length === 5) session.dispose();
      return named("alice");
    });
    await tell(null);
    for (let turn = 0; turn < 10; turn++) await settled();
    expect(get).toHaveBeenCalledTimes(5);
    expect(platform.pending).toEqual({ timers: 0, listeners: 0 });
  });

  it("B23 an SDK that announces the renewal that was asked for causes no other", async () => {
    const { session, platform, get, tell } = sourceOf("sdk-1");
    await session.getToken();
    await platform.advance(10_000); // B27
    get.mockImplementation(async ({ reason }) => {
      if (reason === "rejected") await tell("sdk-2");
      return reason === "rejected" ? "sdk-2" : "sdk-1";
    });
    await session.getToken({ rejected: "sdk-1" });
    await settled();
    expect(get.mock.calls.filter(([{ reason }]) => reason === "rejected")).toHaveLength(1);
  });

  it.each(["at once", "later"])(
    "B9 one that announces %s whatever it is asked for is asked a few times, and its sign-out is seen",
    async (when) => {
      const { session, platform, get, tell, listeners } = sourceOf("sdk-1");
      await session.getToken();
      const held = { token: "sdk-1" as string | null };
      const announce = () => {
        for (const listener of listeners) listener();
      };
      get.mockClear();
      get.mockImplementation((() => {
        if (get.mock.calls.length > 100) return held.token;
        if (when === "at once") announce();
        else queueMicrotask(announce);
        return held.token;
      }) as never);
      await tell("sdk-1");
      expect(get.mock.calls.length).toBeLessThan(10);
      held.token = null;
      await platform.advance(1_000);
      await settled();
      expect(session.state.status).toBe("signedOut");
      await platform.advance(10_000);
      expect(get.mock.calls.length).toBeLessThan(40);
    },
  );

  it("forceRefresh makes the SDK renew, also where nobody has asked it yet", async () => {
    const { session, get } = sourceOf("sdk-1");
    get.mockImplementation(async ({ reason }) => (reason === "forced" ? "sdk-2" : "sdk-1"));
    expect(await session.getToken({ forceRefresh: true })).toBe("sdk-2");
    expect(get.mock.calls.map(([{ reason }]) => reason)).toEqual(["missing", "expiring", "forced"]);
  });

  it("B7 a token that is refused while the SDK's cache is looked at is renewed all the same", async () => {
    const platform = new ManualPlatform();
    const [first, second] = [1, 2].map((jti) => timedToken(platform.now(), LIFETIME, { jti }));
    const looked = deferred<string | undefined>();
    const answers = [first, looked.promise, first, second];
    const get = vi.fn<TokenSource["get"]>(() => answers.shift());
    const session = new AuthSession({ source: { get } }, platform);
    onTestFinished(() => session.dispose());
    await session.getToken();
    await platform.advance(LIFETIME * 0.95);
    await session.getToken();
    const replaced = session.getToken({ rejected: `${first}` });
    looked.resolve(first);
    expect(await replaced).toBe(second);
    const reasons = get.mock.calls.map(([{ reason }]) => reason);
    expect(reasons).toEqual(["missing", "expiring", "expiring", "rejected"]);
  });

  it("B27 what the SDK's cache brought may be refused at once: looking at it was no refresh", async () => {
    const platform = new ManualPlatform();
    const [first, second, third] = [1, 2, 3].map((jti) => timedToken(platform.now(), LIFETIME, { jti }));
    const held: Record<string, string | undefined> = { missing: first, expiring: second, rejected: third };
    const session = new AuthSession({ source: { get: async ({ reason }) => held[reason] } }, platform);
    onTestFinished(() => session.dispose());
    await session.getToken();
    await platform.advance(LIFETIME * 0.95);
    await session.getToken();
    await settled();
    expect(session.token).toBe(second);
    held.expiring = undefined;
    expect(await session.getToken({ rejected: `${second}` })).toBe(third);
  });

  it("section 2: signIn() asks the SDK who is there now, also while somebody is signed in", async () => {
    const platform = new ManualPlatform();
    const held = { token: timedToken(platform.now(), LIFETIME, { sub: "alice" }) };
    const session = new AuthSession({ source: { get: async () => held.token } }, platform);
    onTestFinished(() => session.dispose());
    await session.getToken();
    held.token = timedToken(platform.now(), LIFETIME, { sub: "bob" });
    await session.signIn();
    expect(session.state).toMatchObject({ status: "signedIn", subject: "bob" });
    expect(session.token).toBe(held.token);
  });

  it("B5 a token that the SDK has held for long ends when its claims say so", async () => {
    const platform = new ManualPlatform();
    const hour = 3_600_000;
    const held = { token: timedToken(platform.now(), hour) };
    const session = new AuthSession({ source: { get: async () => held.token } }, platform);
    onTestFinished(() => session.dispose());
    await session.getToken();
    await platform.advance(55 * 60_000);
    held.token = timedToken(platform.now(), hour); // by another tab
    const end = platform.now() + hour;
    await platform.advance(50 * 60_000);
    await session.getToken();
    expect(session.state.expiresAt).toBe(end);
  });

  it("B5 B9 an SDK that hands out what looks expired by a clock two hours fast does not keep anybody waiting", async () => {
    const platform = new ManualPlatform();
    const held = timedToken(platform.now() - 7_200_000, 3_600_000);
    const get = vi.fn(async () => held);
    const session = new AuthSession({ source: { get } }, platform);
    onTestFinished(() => session.dispose());
    const ready = session.whenReady();
    await platform.advance(60_000);
    expect((await ready).status).toBe("signedIn");
    expect(get.mock.calls.length).toBeLessThan(6);
  });

  it("B9 B27 an SDK that hands out its expired token is not asked without a pause for a fresh one", async () => {
    const platform = new ManualPlatform();
    const held = { token: timedToken(platform.now(), LIFETIME) };
    const get = vi.fn(async () => {
      // A loop without a pause would never come to an end.
      if (get.mock.calls.length > 100) held.token = timedToken(platform.now(), LIFETIME);
      return held.token;
    });
    const session = new AuthSession({ source: { get } }, platform);
    onTestFinished(() => session.dispose());
    await session.getToken();
    await platform.advance(LIFETIME);
    get.mockClear();
    const fresh = session.getToken({ forceRefresh: true });
    await platform.advance(5_000);
    expect(get.mock.calls.length).toBeLessThan(20);
    held.token = timedToken(platform.now(), LIFETIME);
    await platform.advance(2_000);
    expect(await fresh).toBe(held.token);
  });

  it("B5 a clock that is put two hours forward keeps nobody waiting for an SDK that goes on handing out its token", async () => {
    const platform = new ManualPlatform();
    const token = timedToken(platform.now(), 3_600_000);
    const get = vi.fn(async () => token);
    const session = new AuthSession({ source: { get } }, platform);
    onTestFinished(() => session.dispose());
    await session.getToken();
    await platform.advance(60_000);
    platform.jump(7_200_000);
    get.mockClear();
    const asked = session.getToken();
    await platform.advance(60_000);
    expect(await asked).toBe(token);
    expect(get.mock.calls.length).toBeLessThan(6);
  });

  it.each(["a JWT", "a set that tells its end"])(
    "B1 B5 an SDK that hands out %s once more after a long sleep, and then another, gives the old one no other life",
    async (kind) => {
      const platform = new ManualPlatform();
      const issue = () => {
        const accessToken = timedToken(platform.now(), 3_600_000);
        return kind === "a JWT" ? accessToken : { accessToken, expiresAt: platform.now() + 3_600_000 };
      };
      let held = issue();
      const session = new AuthSession({ source: { get: async () => held } }, platform);
      onTestFinished(() => session.dispose());
      const old = await session.getToken();
      await platform.advance(60_000);
      platform.jump(5_400_000);
      const asked = session.getToken();
      await platform.advance(500);
      held = issue();
      await platform.advance(3_000);
      expect(await asked).not.toBe(old);
    },
  );

  it("B4 an opaque token of an SDK's that is handed out after its end is asked for again", async () => {
    const platform = new ManualPlatform();
    const tokens = { accessToken: "opaque", expiresAt: platform.now() + LIFETIME };
    const get = vi.fn(async () => tokens);
    const session = new AuthSession({ source: { get } }, platform);
    onTestFinished(() => session.dispose());
    onTestFinished(holdToken(session));
    await session.getToken();
    await platform.advance(LIFETIME);
    get.mockClear();
    await platform.advance(LIFETIME);
    expect(get).toHaveBeenCalled();
  });

  it("B1 B5 an SDK that hands out its token for a while after the end gives it no other life", async () => {
    const platform = new ManualPlatform();
    const held = { token: timedToken(platform.now(), LIFETIME) };
    const session = new AuthSession({ source: { get: async () => held.token } }, platform);
    onTestFinished(() => session.dispose());
    await session.getToken();
    await platform.advance(LIFETIME);
    const fresh = session.getToken();
    await platform.advance(5_000);
    expect(session.token).toBeUndefined();
    held.token = timedToken(platform.now(), LIFETIME);
    await platform.advance(60_000);
    expect(await fresh).toBe(held.token);
  });

  it("2.4 after a sign-out and a reload, an SDK without news is asked whether it has another user by now", async () => {
    vi.stubGlobal("localStorage", new MapStorage());
    const platform = new ManualPlatform();
    const tokenOf = (sub: string) => timedToken(platform.now(), LIFETIME, { sub });
    const open = (token: string) => {
      const session = new AuthSession({ source: { get: async () => token } }, platform);
      onTestFinished(() => session.dispose());
      return session;
    };
    const before = open(tokenOf("alice"));
    await before.whenReady();
    await before.signOut();
    before.dispose();
    const sameUser = open(tokenOf("alice"));
    expect((await sameUser.whenReady()).status).toBe("signedOut");
    await settled();
    expect(sameUser.state.status).toBe("signedOut");
    sameUser.dispose();
    const otherUser = open(tokenOf("bob"));
    await otherUser.whenReady();
    await untilStatus(otherUser, "signedIn");
    expect(otherUser.state.subject).toBe("bob");
  });

  it("news that comes while the first question is answered is not thrown away", async () => {
    const { session, get, tell } = sourceOf(null);
    const first = deferred<string>();
    get.mockImplementationOnce(() => first.promise);
    const ready = session.whenReady();
    await settled();
    await tell(null);
    first.resolve(timedToken(Date.UTC(2026, 0, 1), LIFETIME));
    await ready;
    await settled();
    expect(session.state.status).toBe("signedOut");
  });

  it("B7 signIn() hands out no token that was refused and is being replaced", async () => {
    const { session, get } = sourceOf("sdk-1");
    await session.getToken();
    get.mockImplementation(({ reason }) =>
      reason === "rejected" ? new Promise(() => {}) : Promise.resolve("sdk-1"),
    );
    session.getToken({ rejected: "sdk-1" }).catch(() => {});
    await settled();
    expect(session.token).toBeUndefined();
    session.signIn().catch(() => {});
    await settled();
    expect(session.token).toBeUndefined();
  });

  it("B10 signOut() does not wait for one that does not hear of its signal", async () => {
    const { session, get } = sourceOf(null);
    get.mockReturnValue(new Promise(() => {}));
    const ready = session.whenReady();
    await settled();
    expect(get).toHaveBeenCalledOnce();
    const done = vi.fn();
    void session.signOut().then(done);
    await settled();
    expect(done).toHaveBeenCalledOnce();
    expect((await ready).status).toBe("signedOut");
  });

  it("B10 one that is asked what it holds before it is to refresh is not to refresh after a signOut()", async () => {
    const { session, get } = sourceOf("sdk-1");
    await session.getToken();
    get
      .mockClear()
      .mockImplementation(
        ({ signal }) =>
          new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
      );
    const forced = session.getToken({ forceRefresh: true });
    await settled();
    await session.signOut();
    await expect(forced).rejects.toMatchObject({ code: "signed_out" });
    expect(get.mock.calls.map(([{ reason }]) => reason)).toEqual(["expiring"]);
  });

  it("section 2: a failed silent renewal throws, and is no sign-out", async () => {
    const { session, get } = sourceOf("sdk-1");
    await session.getToken();
    get.mockRejectedValue(new Error("popup blocked"));
    await expect(session.getToken({ forceRefresh: true })).rejects.toMatchObject({ code: "refresh_failed" });
    expect(session.state.status).not.toBe("signedOut");
    expect(await session.getToken()).toBe("sdk-1");
  });
});

describe("B25 misconfiguration is heard", () => {
  it.each<[string, unknown, RegExp]>([
    ["an option that is unknown", { refresh: "/r", refreshtimeout: 5 }, /"refreshtimeout"/],
    ["a leeway without end", { refresh: "/r", leeway: Number.POSITIVE_INFINITY }, /"leeway"/],
    ["retry that is no object", { refresh: "/r", retry: 5 }, /"retry"/],
    ["an unknown option of retry", { refresh: "/r", retry: { min: 5 } }, /"retry\.min"/],
    ["refresh that is nothing", { refresh: "" }, /"refresh"/],
    ["refresh that no URL parser takes", { refresh: "http://10.127.0.0.1/r" }, /"refresh"/],
    ["refresh that is a number", { refresh: 5 }, /"refresh"/],
    ["an unknown option of refresh", { refresh: { url: "/r", body: 1 } }, /"refresh\.body"/],
    ["another method", { refresh: { url: "/r", method: "PUT" } }, /"refresh\.method"/],
    ["refresh beside source", { refresh: "/r", source: { get: () => null } }, /"refresh"/],
    ["a store beside source", { source: { get: () => null }, store: memoryStore() }, /"store"/],
    ["a source that is none", { source: {} }, /"source"/],
    ["an origin with a path", { refresh: "/r", origins: ["https://a.example/x"] }, /"origins"/],
    ["an empty name", { refresh: "/r", name: "" }, /"name"/],
    ["a number for options", 5, /"options"/],
  ])("B25 %s is a TypeError that names it", (_, options, message) => {
    expect(() => new AuthSession(options as never)).toThrow(TypeError);
    expect(() => new AuthSession(options as never)).toThrow(message);
  });
});

describe("B20 where there is no page", () => {
  it("B20 a relative URL fails at once with a TypeError", async () => {
    const session = new AuthSession({ refresh: "/r" }, new ManualPlatform());
    await expect(session.getToken()).rejects.toThrow(TypeError);
    await expect(session.whenReady()).rejects.toThrow(TypeError);
    await expect(session.fetch("/me")).rejects.toThrow(TypeError);
    expect(session.state).toEqual({ status: "unknown" });
  });

  it.each(["http://localhost:3000", "//127.0.0.1:3000"])(
    "B20 a module that makes an AuthSocket for %s can be imported, its endpoint's URL being relative",
    async (url) => {
      const auth = new AuthSocket(url, { refresh: "/api/refresh-token" });
      expect(auth.state).toEqual({ status: "idle" });
      await expect(auth.whenConnected()).rejects.toThrow(TypeError);
      expect(() => auth.connect()).toThrow(TypeError);
    },
  );
});

describe("B6 B23 a newer refresh token for the same access token", () => {
  it("B6 is tried where the last one has just been refused", async () => {
    const { session, desk } = newSession({}, { accessToken: "same", refreshToken: "first" });
    session.getToken({ forceRefresh: true }).catch(() => {});
    const first = await desk.turn(1);
    await session.signIn({ accessToken: "same", refreshToken: "second" });
    first.resolve(null);
    await settled();
    expect(session.state.status).not.toBe("signedOut");
    const asked = session.getToken({ forceRefresh: true });
    (await desk.turn(2)).resolve("fresh");
    expect(await asked).toBe("fresh");
  });

  it("B6 an end is an end, also for a store that keeps no refresh token", async () => {
    const memory = memoryStore();
    const store = { ...memory, save: ({ accessToken }: TokenSet) => memory.save({ accessToken }) };
    const { session, desk } = newSession({ store });
    await session.signIn({ accessToken: "access", refreshToken: "refresh" });
    const asked = session.getToken({ forceRefresh: true });
    (await desk.turn(1)).resolve(null);
    await expect(asked).rejects.toMatchObject({ code: "session_expired" });
    await settled();
    expect(memory.load()).toBeNull();
  });
});

describe("signIn() without tokens", () => {
  it("section 2: is not answered by a request that was sent before it", async () => {
    const { session, desk } = newSession();
    session.whenReady().catch(() => {});
    await desk.turn(1);
    const signedIn = session.signIn();
    (await desk.turn(1)).resolve(null);
    (await desk.turn(2)).resolve("fresh");
    await signedIn;
    expect(session.token).toBe("fresh");
  });

  it("B16 waits for an answer that is under way, and asks again", async () => {
    const { platform } = newSession();
    const token = (sub: string, jti: number) => timedToken(platform.now(), LIFETIME, { sub, jti });
    const { session, desk } = newSession({}, { accessToken: token("alice", 1) });
    session.getToken({ forceRefresh: true }).catch(() => {});
    await desk.turn(1);
    const signedIn = session.signIn();
    (await desk.turn(1)).resolve(token("alice", 2));
    (await desk.turn(2)).resolve(token("bob", 3));
    await signedIn;
    expect(session.state).toMatchObject({ subject: "bob" });
  });

  it("B2 called twice at once asks once", async () => {
    const { session, desk } = newSession({}, { accessToken: "alice's" });
    await session.getToken();
    const both = Promise.all([session.signIn(), session.signIn()]);
    const { resolve } = await desk.turn(1);
    await settled();
    expect(desk.turns).toHaveLength(1);
    resolve("fresh");
    await both;
    expect(session.token).toBe("fresh");
  });

  it("B10 B11 is overtaken by a signOut() that is called after it", async () => {
    const { session, desk } = newSession();
    const signedIn = session.signIn();
    const signedOut = session.signOut();
    await expect(signedIn).rejects.toMatchObject({ code: "signed_out" });
    await signedOut;
    expect(session.state).toEqual({ status: "signedOut" });
    expect(desk.turns).toHaveLength(0);
  });

  it("B10 B20 dispose() rejects it at once, also while the cookie's refresh is under way", async () => {
    const { session, desk } = newSession({}, { accessToken: "opaque" });
    await session.getToken();
    const signedIn = session.signIn();
    await desk.turn(1);
    session.dispose();
    await expect(signedIn).rejects.toMatchObject({ code: "signed_out" });
  });

  it("B11 asks nobody once the session has been disposed of", async () => {
    const { session, desk } = newSession({}, { accessToken: "opaque" });
    const signedIn = session.signIn();
    session.dispose();
    await expect(signedIn).rejects.toMatchObject({ code: "signed_out" });
    await settled();
    expect(desk.turns).toHaveLength(0);
  });

  it("section 2: rejects where nobody can be asked, though the last user's token is still there", async () => {
    const { session, desk } = newSession({}, { accessToken: "alice's" });
    await session.getToken();
    const signedIn = session.signIn();
    (await desk.turn(1)).reject(new Error("no network"));
    await expect(signedIn).rejects.toMatchObject({ code: "refresh_failed" });
    expect(session.token).toBe("alice's");
  });

  it("undoes a sign-out that was not awaited, where a source has the tokens", async () => {
    const session = new AuthSession({ source: { get: () => "sdk-1" } }, new ManualPlatform());
    onTestFinished(() => session.dispose());
    await session.getToken();
    void session.signOut();
    await session.signIn();
    expect(session.state.status).toBe("signedIn");
  });

  it("B16 finds whose the cookie is now, after a sign-out and while somebody is signed in", async () => {
    const platform = new ManualPlatform();
    let sub = "alice";
    const refresh = async () => timedToken(platform.now(), LIFETIME, { sub });
    const session = new AuthSession({ refresh, store: memoryStore() }, platform);
    onTestFinished(() => session.dispose());
    await session.signIn();
    expect(session.state).toMatchObject({ subject: "alice" });
    await session.signOut();
    sub = "bob";
    await session.signIn();
    expect(session.state).toMatchObject({ subject: "bob" });
    sub = "carol";
    await session.signIn();
    expect(session.state).toMatchObject({ subject: "carol" });
  });
});
