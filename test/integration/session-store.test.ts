import { AuthSession, memoryStore, type TokenSet, type TokenStore, webStorageStore } from "authsocket";
import * as fc from "fast-check";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { ManualPlatform } from "../support/manual-platform.ts";
import { MapStorage } from "../support/map-storage.ts";
import { RefreshDesk } from "../support/refresh-desk.ts";
import { untilStatus } from "../support/states.ts";
import { StoreDesk } from "../support/store-desk.ts";
import { holdToken } from "../support/token-holder.ts";
import { timedToken } from "../support/unsigned-jwt.ts";

const noRefresh = async () => null;

describe("the store as a session reads it", () => {
  it("B1 a valid token in a synchronous store is there at the first look", () => {
    const platform = new ManualPlatform();
    const accessToken = timedToken(platform.now());
    const session = new AuthSession({ refresh: noRefresh, store: memoryStore({ accessToken }) }, platform);
    expect(session.state).toMatchObject({ status: "signedIn", subject: "alice", claims: { sub: "alice" } });
    expect([session.state, session.state.claims].map((part) => Object.isFrozen(part))).toEqual([true, true]);
  });

  it("B20 the constructor reads nothing", () => {
    const store = { ...memoryStore(), load: vi.fn(() => null), subscribe: vi.fn(() => () => {}) };
    const session = new AuthSession({ refresh: noRefresh, store }, new ManualPlatform());
    expect(store.load).not.toHaveBeenCalled();
    expect(store.subscribe).not.toHaveBeenCalled();
    session.dispose();
  });

  it("B9 before an asynchronous store answers, the session is unknown and never signedOut", async () => {
    const store = new StoreDesk({ accessToken: "stored" });
    const session = new AuthSession({ refresh: noRefresh, store }, new ManualPlatform());
    const statuses: string[] = [];
    session.subscribe(({ status }) => statuses.push(status));
    expect(session.state).toEqual({ status: "unknown" });
    await store.answerAll();
    expect(session.state).toEqual({ status: "signedIn" });
    expect(statuses).not.toContain("signedOut");
  });

  it("B6 an empty store is unknown to look at, and asks the refresh once somebody wants a token", async () => {
    const desk = new RefreshDesk();
    const session = new AuthSession({ ...desk, store: memoryStore() }, new ManualPlatform());
    expect(session.state).toEqual({ status: "unknown" });
    expect(desk.turns).toHaveLength(0);
    const token = session.getToken();
    expect(session.state).toEqual({ status: "refreshing", reason: "missing" });
    const { context, resolve } = await desk.turn(1);
    expect(context).toMatchObject({ reason: "missing" });
    expect(context).not.toHaveProperty("token");
    expect(context).not.toHaveProperty("refreshToken");
    resolve("fresh");
    expect(await token).toBe("fresh");
  });

  it("B8 a token that the app's own code writes is found by the next getToken", async () => {
    const platform = new ManualPlatform();
    const storage = new MapStorage();
    const session = new AuthSession({ refresh: noRefresh, store: webStorageStore("jwt", storage) }, platform);
    await session.signIn(timedToken(platform.now()));
    const written = timedToken(platform.now(), 60_000, { sub: "bob" });
    storage.setItem("jwt", written);
    expect(await session.getToken()).toBe(written);
    expect(session.state).toMatchObject({ status: "signedIn", subject: "bob" });
  });

  it("B8 a token that another tab has written is adopted in the midst of a refresh, which goes on for its cookie's sake and whose answer is dropped", async () => {
    const desk = new RefreshDesk();
    const store = memoryStore();
    let changed = () => {};
    const subscribe = (listener: () => void) => {
      changed = listener;
      return () => {};
    };
    const session = new AuthSession({ ...desk, store: { ...store, subscribe } }, new ManualPlatform());
    const token = session.getToken();
    const { context, resolve } = await desk.turn(1);
    store.save({ accessToken: "theirs" });
    changed();
    expect(await token).toBe("theirs");
    expect(context.signal.aborted).toBe(false);
    resolve("ours");
    await new Promise(setImmediate);
    expect(await session.getToken()).toBe("theirs");
    expect(store.load()).toEqual({ accessToken: "theirs" });
  });

  it("B9 B16 a read that is answered after a later one does not bring the previous user back", async () => {
    const alices = { accessToken: "alice's", subject: "alice" };
    const bobs = { accessToken: "bob's", subject: "bob" };
    const store = new StoreDesk(alices);
    const session = new AuthSession({ refresh: noRefresh, store }, new ManualPlatform());
    const first = session.getToken();
    await store.answerAll();
    expect(await first).toBe("alice's");
    const subjects: unknown[] = [];
    session.subscribe(({ subject }) => subjects.push(subject));
    void session.getToken();
    const slow = store.turns.shift();
    void session.getToken();
    store.held = bobs; // by the app's own code
    await store.answerAll();
    // What it held when it was asked.
    store.held = alices;
    slow?.resolve();
    store.held = bobs;
    await new Promise(setImmediate);
    expect(subjects).toEqual(["bob"]);
    const token = session.getToken();
    await store.answerAll();
    expect(await token).toBe("bob's");
  });

  it("B8 a store that somebody has emptied is no sign-out", async () => {
    const store = memoryStore({ accessToken: "stored" });
    const session = new AuthSession({ refresh: noRefresh, store }, new ManualPlatform());
    expect(await session.getToken()).toBe("stored");
    store.clear();
    expect(await session.getToken()).toBe("stored");
    expect(session.state.status).toBe("signedIn");
  });

  it("B8 a sign-out that the store remembers is followed", async () => {
    const store = memoryStore({ accessToken: "stored" });
    const session = new AuthSession({ refresh: noRefresh, store }, new ManualPlatform());
    expect(await session.getToken()).toBe("stored");
    store.clear(true);
    await expect(session.getToken()).rejects.toMatchObject({ code: "signed_out" });
    expect(session.state).toEqual({ status: "signedOut" });
  });

  it("B9 B10 a sign-out that is known does not undo a sign-in that could not be written", async () => {
    const platform = new ManualPlatform();
    const store = webStorageStore("authToken", new MapStorage());
    let isFull = false;
    const refuse = () => {
      if (isFull) throw new Error("no room");
    };
    const session = new AuthSession(
      {
        refresh: noRefresh,
        store: {
          ...store,
          save: (tokens) => {
            refuse();
            return store.save(tokens);
          },
          clear: (signedOut) => {
            refuse();
            return store.clear(signedOut);
          },
        },
      },
      platform,
    );
    onTestFinished(() => session.dispose());
    await session.signIn(timedToken(platform.now()));
    await session.signOut();
    isFull = true;
    const bobs = timedToken(platform.now(), 60_000, { sub: "bob" });
    await session.signIn(bobs);
    expect(await session.getToken()).toBe(bobs);
    expect(session.state).toMatchObject({ subject: "bob", warning: { code: "storage_unavailable" } });
    store.clear();
    store.clear(true);
    isFull = false;
    await session.signIn(timedToken(platform.now(), 60_000, { sub: "bob", jti: "written" }));
    store.clear(true);
    await expect(session.getToken()).rejects.toMatchObject({ code: "signed_out" });
  });

  it("B8 B9 signIn() finds what was stored for it, also where the store could not be read the last time", async () => {
    const store = new StoreDesk();
    const session = new AuthSession({ refresh: noRefresh, store }, new ManualPlatform());
    onTestFinished(() => session.dispose());
    const ready = session.whenReady();
    store.turns.shift()?.reject(new Error("blocked"));
    await store.answerAll();
    expect(await ready).toMatchObject({ status: "signedOut", warning: { code: "storage_unavailable" } });
    // By the login page.
    store.held = { accessToken: "bob's", subject: "bob" };
    const signedIn = session.signIn();
    await new Promise(setImmediate);
    await store.answerAll();
    await signedIn;
    expect(session.state).toMatchObject({ status: "signedIn", subject: "bob" });
    expect(store.held).toMatchObject({ accessToken: "bob's" });
  });

  it("B8 a refreshed token is stored with all that is known of it", async () => {
    const platform = new ManualPlatform();
    const store = memoryStore();
    const accessToken = timedToken(platform.now(), 900_000);
    const session = new AuthSession(
      { refresh: async () => ({ accessToken, refreshToken: "r" }), store },
      platform,
    );
    await session.getToken();
    expect(store.load()).toEqual({
      accessToken,
      refreshToken: "r",
      subject: "alice",
      expiresAt: platform.now() + 900_000,
      signInId: expect.any(String),
    });
  });

  it("B3 a refresh token that another tab has used: its token is adopted before giving up", async () => {
    const desk = new RefreshDesk();
    const platform = new ManualPlatform();
    const store = memoryStore({ accessToken: "dead", expiresAt: platform.now() - 1, signInId: "one" });
    const session = new AuthSession({ ...desk, store }, platform);
    const token = session.getToken();
    const { resolve } = await desk.turn(1);
    store.save({ accessToken: "another tab's", signInId: "one" });
    resolve(null);
    await expect(token).resolves.toBe("another tab's");
    expect(store.load()).toEqual({ accessToken: "another tab's", signInId: "one" });
    expect(desk.turns).toHaveLength(1);
  });

  it.each<[string, unknown]>([
    ["an empty string", { accessToken: "" }],
    ["the word undefined", { accessToken: "undefined" }],
    ["the word null", { accessToken: "null" }],
    ["a number", { accessToken: 42 }],
    ["an object", { accessToken: { token: "x" } }],
    ["an array", { accessToken: ["x"] }],
    ["a megabyte of text", { accessToken: "x".repeat(2 ** 20) }],
    ["something else altogether", 42],
  ])("S5 a stored token that is %s is none", async (_, stored) => {
    const store = { ...memoryStore(), load: () => stored as TokenSet };
    const session = new AuthSession({ refresh: async () => "fresh", store }, new ManualPlatform());
    expect(session.state).toEqual({ status: "unknown" });
    expect(await session.getToken()).toBe("fresh");
  });

  it("S5 what is stored beside a token is dropped where it is malformed, and the token is used", async () => {
    const platform = new ManualPlatform();
    const accessToken = timedToken(platform.now());
    const stored = { accessToken, refreshToken: 42, subject: { admin: true }, expiresAt: "soon" };
    const desk = new RefreshDesk();
    const session = new AuthSession({ ...desk, store: memoryStore(stored as unknown as TokenSet) }, platform);
    expect(await session.getToken()).toBe(accessToken);
    expect(session.state).toMatchObject({ subject: "alice", expiresAt: platform.now() + 900_000 });
    const forced = session.getToken({ forceRefresh: true });
    const { context, resolve } = await desk.turn(1);
    expect(context).not.toHaveProperty("refreshToken");
    resolve("fresh");
    await forced;
  });

  it("S5 whatever is stored under the keys, the session comes up", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.oneof(fc.string(), fc.json()), async (token, meta) => {
        const storage = new MapStorage();
        storage.setItem("authToken", token);
        storage.setItem("authToken:meta", meta);
        const store = webStorageStore("authToken", storage);
        const session = new AuthSession({ refresh: async () => "fresh", store }, new ManualPlatform());
        expect(["signedIn", "unknown"]).toContain(session.state.status);
        expect(session.state.warning).toBeUndefined();
        expect(["fresh", token]).toContain(await session.getToken());
      }),
    );
  });

  it("S5 two users whose claims name them by something that is no name are not taken for one", async () => {
    const platform = new ManualPlatform();
    const session = new AuthSession({ refresh: noRefresh, store: memoryStore() }, platform);
    await session.signIn(timedToken(platform.now(), 900_000, { sub: { name: "alice" } }));
    expect("subject" in session.state ? session.state.subject : undefined).toBeUndefined();
  });

  it.each<[string, Record<string, unknown>, string | undefined]>([
    ["sub", { sub: "a", id: "b", userId: "c" }, "a"],
    ["id", { sub: undefined, id: 7, userId: "c" }, "7"],
    ["userId", { sub: undefined, userId: 0 }, "0"],
    ["nothing", { sub: undefined }, undefined],
  ])("B16 the subject is read from %s", async (_, claims, subject) => {
    const platform = new ManualPlatform();
    const session = new AuthSession({ refresh: noRefresh, store: memoryStore() }, platform);
    await session.signIn(timedToken(platform.now(), 900_000, claims));
    expect("subject" in session.state ? session.state.subject : undefined).toBe(subject);
  });

  it("B9 a subject function that throws keeps nobody out, one that answers names the user", async () => {
    const platform = new ManualPlatform();
    const subject = vi.fn(({ email }: Record<string, unknown>) => String(email).toLowerCase());
    const session = new AuthSession({ refresh: noRefresh, store: memoryStore(), subject }, platform);
    await session.signIn(timedToken(platform.now(), 900_000, { email: "A@example.test" }));
    expect(session.state).toMatchObject({ subject: "a@example.test" });
    subject.mockImplementation(() => {
      throw new Error("no such claim");
    });
    await session.signIn(timedToken(platform.now()));
    expect(session.state).toMatchObject({ status: "signedIn" });
    expect(session.state).not.toHaveProperty("subject");
  });

  it("B8 the default store is localStorage under authToken, found at first use", async () => {
    const storage = new MapStorage();
    const platform = new ManualPlatform();
    const session = new AuthSession({ refresh: noRefresh }, platform);
    vi.stubGlobal("localStorage", storage);
    onTestFinished(() => {
      vi.unstubAllGlobals();
    });
    const token = timedToken(platform.now());
    storage.setItem("authToken", token);
    expect(await session.getToken()).toBe(token);
  });

  it("B9 without any storage at all, the default store warns and the session works", async () => {
    const session = new AuthSession({ refresh: async () => "fresh" }, new ManualPlatform());
    expect(await session.getToken()).toBe("fresh");
    expect(session.state).toMatchObject({ status: "signedIn", warning: { code: "storage_unavailable" } });
  });

  it("B4 a token that is stored while sockets wait for one is used without a refresh", async () => {
    const desk = new RefreshDesk();
    const listeners = new Set<() => void>();
    const inner = memoryStore();
    const store: TokenStore = {
      ...inner,
      subscribe: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
    const platform = new ManualPlatform();
    const session = new AuthSession({ ...desk, store }, platform);
    holdToken(session);
    (await desk.turn(1)).reject(new Error("no network"));
    await untilStatus(session, "waiting");
    inner.save({ accessToken: "theirs" });
    for (const listener of listeners) listener();
    expect(session.state).toEqual({ status: "signedIn" });
    await platform.advance(60_000);
    expect(desk.turns).toHaveLength(1);
  });
});
