import {
  AuthSession,
  memoryStore,
  type SessionState,
  type TokenSet,
  type TokenSource,
  type TokenStore,
  webStorageStore,
} from "authsocket";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { deferred } from "../support/deferred.ts";
import { ManualPlatform } from "../support/manual-platform.ts";
import { MapStorage } from "../support/map-storage.ts";
import { MemoryLeases } from "../support/memory-leases.ts";
import { RefreshDesk } from "../support/refresh-desk.ts";
import { StoreDesk } from "../support/store-desk.ts";
import { holdToken } from "../support/token-holder.ts";
import { timedToken } from "../support/unsigned-jwt.ts";

/** A page over a storage that outlives it; its refresh is answered by hand. */
function openPage(storage = new MapStorage()) {
  const platform = new ManualPlatform();
  const desk = new RefreshDesk();
  const session = new AuthSession({ ...desk, store: webStorageStore("authToken", storage) }, platform);
  return { platform, desk, session, storage };
}

const settled = () => new Promise(setImmediate);

/** @returns a function that loads a page of one origin, for the same source */
function pagesOf(platform: ManualPlatform, get: TokenSource["get"]): () => AuthSession {
  vi.stubGlobal("localStorage", new MapStorage());
  onTestFinished(() => void vi.unstubAllGlobals());
  return () => {
    const session = new AuthSession({ source: { get } }, platform);
    onTestFinished(() => session.dispose());
    return session;
  };
}

/** Signs out a source's user on one page. @returns a function that loads the next page, for the same source */
async function pageAfterSignOut(
  platform: ManualPlatform,
  get: TokenSource["get"],
): Promise<() => AuthSession> {
  const open = pagesOf(platform, get);
  const before = open();
  await before.whenReady();
  await before.signOut();
  before.dispose();
  return open;
}

describe("signing out", () => {
  it("B10 signOut beats a refresh in flight: its late answer brings nothing back", async () => {
    const { session, desk, storage } = openPage();
    const token = session.getToken();
    const { context, resolve } = await desk.turn(1);
    const done = session.signOut();
    expect(session.state).toEqual({ status: "signedOut" });
    expect(context.signal.aborted).toBe(true);
    resolve("late");
    await expect(token).rejects.toMatchObject({ code: "signed_out" });
    await done;
    await settled();
    expect(session.state).toEqual({ status: "signedOut" });
    expect(storage.getItem("authToken")).toBeNull();
  });

  it("B10 the late answer of a refresh that signOut has beaten is not taken for the next one's", async () => {
    const { session, desk } = openPage();
    const token = session.getToken();
    const beaten = await desk.turn(1);
    const signedOut = session.signOut();
    await expect(token).rejects.toMatchObject({ code: "signed_out" });
    const done = session.signIn();
    const own = await desk.turn(2);
    beaten.resolve("of the user before");
    await settled();
    expect(session.state.status).toBe("refreshing");
    own.resolve("mine");
    await done;
    await signedOut;
    expect(await session.getToken()).toBe("mine");
  });

  it("B10 signOut beats a renewal in flight while sockets want a token", async () => {
    const { session, desk, platform, storage } = openPage();
    await session.signIn(timedToken(platform.now(), 100_000));
    holdToken(session);
    await platform.advance(80_000);
    const { resolve } = await desk.turn(1);
    const signedOut = session.signOut();
    resolve(timedToken(platform.now(), 100_000));
    await signedOut;
    await platform.advance(300_000);
    await platform.wake(true);
    expect(session.state).toEqual({ status: "signedOut" });
    expect(storage.getItem("authToken")).toBeNull();
    expect(desk.turns).toHaveLength(1);
  });

  it("B10 signOut empties the store, and resolves when it is empty", async () => {
    const store = new StoreDesk({ accessToken: "stored" });
    const session = new AuthSession({ refresh: async () => null, store }, new ManualPlatform());
    let done = false;
    const signedOut = session.signOut().then(() => {
      done = true;
    });
    await settled();
    expect(done).toBe(false);
    await store.answerAll();
    await signedOut;
    expect(store.held).toBeNull();
  });

  it("B10 signOut in a listener is over when the store is empty, too", async () => {
    const store = new StoreDesk();
    const session = new AuthSession({ refresh: async () => null, store }, new ManualPlatform());
    let heldAtTheEnd: unknown = "never signed out";
    const unsubscribe = session.subscribe(({ status }) => {
      if (status !== "signedIn") return;
      unsubscribe();
      void session.signOut().then(() => {
        heldAtTheEnd = store.held;
      });
    });
    void session.signIn("mine");
    await store.answerAll();
    await settled();
    expect(heldAtTheEnd).toBeNull();
  });

  it("B10 a reload after signOut does not sign in again by a refresh cookie", async () => {
    const first = openPage();
    await first.session.signIn("token");
    await first.session.signOut();
    const { session, desk, platform } = openPage(first.storage);
    holdToken(session);
    expect(session.state).toEqual({ status: "signedOut" });
    await expect(session.getToken()).rejects.toMatchObject({ code: "signed_out" });
    await platform.advance(120_000);
    expect(desk.turns).toHaveLength(0);
  });

  it("B10 signIn without tokens ends a remembered sign-out by the refresh cookie", async () => {
    const first = openPage();
    await first.session.signOut();
    const { session, desk, storage } = openPage(first.storage);
    const done = session.signIn();
    const { context, resolve } = await desk.turn(1);
    expect(context.reason).toBe("missing");
    resolve("fresh");
    await done;
    expect(session.state.status).toBe("signedIn");
    expect(storage.getItem("authToken")).toBe("fresh");
    expect(webStorageStore("authToken", storage).signedOut?.()).toBe(false);
  });

  it("B10 signIn with tokens ends a remembered sign-out", async () => {
    const first = openPage();
    await first.session.signOut();
    const { session, storage } = openPage(first.storage);
    await session.signIn("mine");
    expect(await session.getToken()).toBe("mine");
    expect(openPage(storage).session.state.status).toBe("signedIn");
  });

  it("B10 a newly stored token ends a sign-out", async () => {
    const { session, storage } = openPage();
    await session.signOut();
    storage.setItem("authToken", "new");
    expect(await session.getToken()).toBe("new");
    expect(session.state.status).toBe("signedIn");
  });

  it("B10 the very token of before, newly stored, ends a sign-out too", async () => {
    const { session, storage } = openPage();
    await session.signIn("same");
    await session.signOut();
    storage.setItem("authToken", "same");
    expect(await session.getToken()).toBe("same");
  });

  it("B10 a session that a server ended is left by signIn or a newly stored token only", async () => {
    const { session, desk, platform, storage } = openPage();
    await session.signIn("dead");
    const token = session.getToken({ forceRefresh: true });
    (await desk.turn(1)).resolve(null);
    await expect(token).rejects.toMatchObject({ code: "session_expired" });
    holdToken(session);
    await platform.wake(true);
    await platform.advance(120_000);
    expect(desk.turns).toHaveLength(1);
    expect(session.state).toMatchObject({ status: "signedOut", error: { code: "session_expired" } });
    storage.setItem("authToken", "new");
    expect(await session.getToken()).toBe("new");
  });

  it("B10 signOut twice is signOut once", async () => {
    const { session } = openPage();
    await session.signIn("token");
    const statuses: SessionState["status"][] = [];
    session.subscribe(({ status }) => statuses.push(status));
    await Promise.all([session.signOut(), session.signOut()]);
    expect(statuses).toEqual(["signedOut"]);
  });
});

describe("a sign-out", () => {
  /** Of a page, or of each of its tabs, where alice is signed in. */
  const kept = (): TokenSet => ({ accessToken: timedToken(new ManualPlatform().now()), refreshToken: "r1" });
  /** It remembers no sign-out. */
  function forgetful(): TokenStore {
    const { signedOut: _, ...store } = memoryStore(kept());
    return store;
  }

  it.each<[string, () => TokenStore]>([
    ["in memory", () => memoryStore(kept())],
    ["that remembers no sign-out", forgetful],
  ])(
    "B10 B22 outlives the answer to a session that was disposed of before, in a store %s",
    async (_, make) => {
      const store = make();
      const desk = new RefreshDesk();
      const open = () => new AuthSession({ refresh: desk.refresh, store }, new ManualPlatform());
      const first = open();
      first.getToken({ forceRefresh: true }).catch(() => {});
      const { resolve } = await desk.turn(1);
      first.dispose();
      const second = open();
      await second.getToken();
      await second.signOut();
      resolve({ accessToken: timedToken(new ManualPlatform().now()), refreshToken: "r2" });
      await settled();
      expect(store.load()).toBeNull();
      await expect(second.getToken()).rejects.toMatchObject({ code: "signed_out" });
    },
  );

  it("B10 B22 outlives the answer to a tab that has not heard of it yet", async () => {
    const storage = new MapStorage();
    void webStorageStore("authToken", storage).save(kept());
    const [here, there] = [openPage(storage), openPage(storage)];
    await here.session.getToken();
    const token = there.session.getToken({ forceRefresh: true });
    const { resolve } = await there.desk.turn(1);
    await here.session.signOut();
    resolve({ accessToken: timedToken(there.platform.now()), refreshToken: "r2" });
    await expect(token).rejects.toMatchObject({ code: "signed_out" });
    expect(there.session.state).toEqual({ status: "signedOut" });
    expect(storage.getItem("authToken")).toBeNull();
  });
});

describe("signing in", () => {
  it("B10 signIn with a string is signed in at once, and stored when it resolves", async () => {
    const { session, storage } = openPage();
    const done = session.signIn("mine");
    expect(session.state).toEqual({ status: "signedIn" });
    await done;
    expect(storage.getItem("authToken")).toBe("mine");
  });

  it("B10 signIn with a token set keeps all of it", async () => {
    const { session, desk, platform } = openPage();
    const expiresAt = platform.now() + 50_000;
    await session.signIn({ accessToken: "mine", refreshToken: "r", subject: "alice", expiresAt });
    expect(session.state).toEqual({ status: "signedIn", subject: "alice", expiresAt });
    const token = session.getToken({ forceRefresh: true });
    const { context, resolve } = await desk.turn(1);
    expect(context).toMatchObject({ token: "mine", refreshToken: "r", reason: "forced" });
    resolve("next");
    await token;
    expect(session.state).toMatchObject({ subject: "alice" });
  });

  it("B10 signIn without tokens takes what the store holds", async () => {
    const { session, storage, desk } = openPage();
    await session.signOut();
    storage.setItem("authToken", "stored");
    await session.signIn();
    expect(await session.getToken()).toBe("stored");
    expect(desk.turns).toHaveLength(0);
  });

  it("B10 signIn without tokens rejects where the refresh has none", async () => {
    const { session, desk } = openPage();
    const done = session.signIn();
    (await desk.turn(1)).resolve(null);
    await expect(done).rejects.toMatchObject({ code: "signed_out" });
    expect(session.state).toEqual({ status: "signedOut" });
  });

  it.each<[string, unknown]>([
    ["an empty string", ""],
    ["null", null],
    ["a number", 42],
    ["an array", ["token"]],
    ["an object without a token", { refreshToken: "r" }],
    ["a token that is an object", { accessToken: {} }],
    ["a megabyte of text", "x".repeat(2 ** 20)],
  ])("T21 signIn with %s is a TypeError, and changes nothing", async (_, tokens) => {
    const { session } = openPage();
    await session.signIn("mine");
    const before = session.state;
    await expect(session.signIn(tokens as string)).rejects.toThrow(/^"tokens" must be/);
    expect(session.state).toBe(before);
  });

  it("B16 signIn in the midst of a refresh wins over its answer, also in the millisecond of its request", async () => {
    const { session, desk } = openPage();
    const token = session.getToken();
    const { context, resolve } = await desk.turn(1);
    await session.signIn("mine");
    expect(await token).toBe("mine");
    expect(context.signal.aborted).toBe(true);
    resolve("theirs");
    await settled();
    expect(await session.getToken()).toBe("mine");
  });

  it("B16 the next user inherits no refresh token and no subject", async () => {
    const { session, desk, storage } = openPage();
    await session.signIn({ accessToken: "a", refreshToken: "a's", subject: "alice" });
    await session.signIn("b");
    expect(session.state).toEqual({ status: "signedIn" });
    expect(storage.getItem("authToken:meta")).not.toContain("a's");
    const token = session.getToken({ forceRefresh: true });
    const { context, resolve } = await desk.turn(1);
    expect(context).not.toHaveProperty("refreshToken");
    resolve("b2");
    expect(await token).toBe("b2");
  });
});

describe("a sign-out from an identity SDK", () => {
  const denied = () => {
    throw new Error("denied");
  };
  const STORAGES: [string, Partial<Storage>][] = [
    ["works", {}],
    ["has no room", { setItem: denied }],
    ["is denied", { getItem: denied, setItem: denied, removeItem: denied }],
  ];

  it.each(STORAGES)(
    "B9 B10 is not undone by a renewal that the SDK announces, but by another user's sign-in: localStorage %s",
    async (_, broken) => {
      vi.stubGlobal("localStorage", Object.assign(new MapStorage(), broken));
      onTestFinished(() => void vi.unstubAllGlobals());
      const platform = new ManualPlatform();
      const issue = (sub: string, jti: string) => timedToken(platform.now(), 900_000, { sub, jti });
      let held = issue("alice", "1");
      let changed = () => {};
      const subscribe = (listener: () => void) => {
        changed = listener;
        return () => {};
      };
      const session = new AuthSession({ source: { get: async () => held, subscribe } }, platform);
      onTestFinished(() => session.dispose());
      const tell = async (token: string) => {
        held = token;
        changed();
        await settled();
      };
      await session.getToken();
      await session.signOut();
      await tell(issue("alice", "2"));
      expect(session.state.status).toBe("signedOut");
      await tell(issue("bob", "3"));
      expect(session.state).toMatchObject({ status: "signedIn", subject: "bob" });
    },
  );

  it("2.4 B10 is known to a session that is made anew before the last one is disposed of, and outlives a reload there", async () => {
    const platform = new ManualPlatform();
    const open = pagesOf(platform, () => timedToken(platform.now(), 900_000, { sub: "alice" }));
    const first = open();
    await first.whenReady();
    await first.signOut();
    // As a framework does, which makes the next component before it has done with the last one.
    const second = open();
    expect((await second.whenReady()).status).toBe("signedOut");
    first.dispose();
    await second.signIn();
    await second.signOut();
    second.dispose();
    expect((await open().whenReady()).status).toBe("signedOut");
  });

  it("2.4 B10 outlives a reload in a tab that has heard of it late", async () => {
    vi.stubGlobal("localStorage", new MapStorage());
    onTestFinished(() => void vi.unstubAllGlobals());
    const leases = new MemoryLeases();
    // Without a channel, a tab hears of others as it comes back to life.
    leases.tell = () => {};
    const open = () => {
      const platform = new ManualPlatform();
      platform.board = leases;
      const get = () => timedToken(platform.now(), 900_000, { sub: "alice" });
      const session = new AuthSession({ source: { get } }, platform);
      onTestFinished(() => session.dispose());
      return { session, platform };
    };
    const [here, there] = [open(), open()];
    onTestFinished(holdToken(there.session));
    for (const { session } of [here, there]) await session.whenReady();
    await here.session.signOut();
    await there.platform.wake();
    await settled();
    expect(there.session.state.status).toBe("signedOut");
    there.session.dispose();
    expect((await open().session.whenReady()).status).toBe("signedOut");
  });

  it("2.4 B10 is known without localStorage to a tab whose SDK has not answered yet", async () => {
    vi.stubGlobal("localStorage", undefined);
    onTestFinished(() => void vi.unstubAllGlobals());
    const leases = new MemoryLeases();
    let changed = () => {};
    const open = (get: TokenSource["get"]) => {
      const platform = new ManualPlatform();
      platform.board = leases;
      const subscribe = (listener: () => void) => {
        changed = listener;
        return () => {};
      };
      const session = new AuthSession({ source: { get, subscribe } }, platform);
      onTestFinished(() => session.dispose());
      return session;
    };
    const token = timedToken(new ManualPlatform().now());
    const here = open(() => token);
    await here.whenReady();
    const answer = deferred<string>();
    const there = open(() => answer.promise);
    const ready = there.whenReady();
    await settled();
    await here.signOut();
    expect((await ready).status).toBe("signedOut");
    answer.resolve(token);
    changed();
    await settled();
    expect(there.state.status).toBe("signedOut");
  });

  it("2.4 B10 is no answer to whenReady() on a page that is loaded anew for another user", async () => {
    const platform = new ManualPlatform();
    platform.chance = 0.5;
    const issue = (sub: string) => timedToken(platform.now(), 900_000, { sub });
    let held: string | null = issue("alice");
    const open = await pageAfterSignOut(platform, async () => {
      if (held === "error") throw new Error("offline");
      return held;
    });
    expect((await open().whenReady()).status).toBe("signedOut");
    held = "error";
    const offline = open();
    const ready = offline.whenReady();
    await settled();
    expect(offline.state).toMatchObject({ status: "signedOut", error: { code: "refresh_failed" } });
    await platform.wake(true);
    await settled();
    expect(offline.state).toMatchObject({ status: "signedOut", error: { code: "refresh_failed" } });
    held = issue("bob");
    await platform.wake(true);
    await platform.advance(11_000); // B27: it has been asked at the network's return just now
    expect(await ready).toMatchObject({ status: "signedIn", subject: "bob" });
    await offline.signOut();
    held = "error";
    const still = open();
    const stillReady = still.whenReady();
    await settled();
    held = null;
    await platform.wake(true);
    expect(await stillReady).toEqual({ status: "signedOut" });
    held = issue("carol");
    expect(await open().whenReady()).toMatchObject({ status: "signedIn", subject: "carol" });
  });

  it.each<[string, "bob" | null]>([
    ["another user has", "bob"],
    ["nobody has", null],
  ])(
    "2.4 B6 is followed on the next page by one question after the other, until the SDK says that %s come",
    async (_, next) => {
      const platform = new ManualPlatform();
      platform.chance = 0.5;
      let failures = 0;
      let sub: string | null = "alice";
      const get = vi.fn(async () => {
        if (failures-- > 0) throw new Error("503");
        return sub && timedToken(platform.now(), 900_000, { sub });
      });
      const open = await pageAfterSignOut(platform, get);
      sub = next;
      failures = 3;
      get.mockClear();
      const session = open();
      await expect(session.getToken()).rejects.toMatchObject({ code: "refresh_failed" });
      const ready = session.whenReady();
      await platform.advance(10_000);
      expect(get).toHaveBeenCalledTimes(4);
      expect(await ready).toEqual(session.state);
      expect(session.state).toMatchObject(
        next ? { status: "signedIn", subject: next } : { status: "signedOut" },
      );
      expect(session.state.error).toBeUndefined();
    },
  );

  it.each<[string, number, (now: number) => object]>([
    ["a minute is", 60_000, () => ({ retryAfter: 60_000 })],
    [
      "a minute, told as a date, is",
      60_000,
      (now) => ({ headers: { "retry-after": new Date(now + 60_000).toUTCString() } }),
    ],
    ["thirty days are", 30 * 86_400_000, () => ({ retryAfter: 30 * 86_400_000 })],
  ])(
    "B6 T19 is followed by no question before %s over for which the SDK asks to be left alone",
    async (_, retryAfter, told) => {
      const platform = new ManualPlatform();
      let isDown = false;
      const get = vi.fn(async () => {
        if (isDown) throw Object.assign(new Error("busy"), { status: 503, ...told(platform.now()) });
        return timedToken(platform.now(), 900_000, { sub: "alice" });
      });
      const open = await pageAfterSignOut(platform, get);
      isDown = true;
      get.mockClear();
      const session = open();
      const asked: number[] = [];
      session.whenReady().catch(() => {}); // it is disposed of
      for (let minute = 0; minute < 5; minute++) {
        await platform.advance(minute === 0 ? 0 : 59_000);
        asked.push(get.mock.calls.length);
      }
      expect(Math.max(...platform.delays)).toBeLessThan(2 ** 31);
      expect(asked).toEqual(retryAfter === 60_000 ? [1, 1, 2, 3, 4] : [1, 1, 1, 1, 1]);
    },
  );
});
