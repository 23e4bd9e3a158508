import { setImmediate } from "node:timers/promises";
import { memoryStore, type TokenSet, type TokenSource, type TokenStore, webStorageStore } from "authsocket";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { AuthSession } from "../../src/client/auth-session.ts";
import type { Lease } from "../../src/client/lease/lease.ts";
import type { AuthSessionOptions } from "../../src/client/session/options.ts";
import type { Session } from "../../src/client/session/session.ts";
import { RefreshLock } from "../../src/client/tabs/refresh-lock.ts";
import { fingerprint } from "../../src/client/token/fingerprint.ts";
import { type Deferred, deferred } from "../support/deferred.ts";
import { ManualPlatform } from "../support/manual-platform.ts";
import { MapStorage } from "../support/map-storage.ts";
import { MemoryLeases } from "../support/memory-leases.ts";
import { RefreshDesk } from "../support/refresh-desk.ts";
import { StoreDesk } from "../support/store-desk.ts";
import { holdToken } from "../support/token-holder.ts";
import { timedToken } from "../support/unsigned-jwt.ts";

const NAME = "tabs";
const LIFETIME = 900_000;

/** A tab of a browser, whose randomness is its own. */
function openTab(leases: MemoryLeases, chance = 0.1): ManualPlatform {
  const platform = new ManualPlatform();
  platform.board = leases;
  platform.chance = chance;
  return platform;
}

function sessionIn(tab: ManualPlatform, options: AuthSessionOptions): AuthSession {
  const session = new AuthSession({ name: NAME, ...options }, tab);
  onTestFinished(() => session.dispose());
  return session;
}

/** Until all that follows from what was done has followed; there are no timers in it. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await setImmediate();
}

/**
 * From now on, a tab's transactions take long.
 *
 * @returns lets them through, with all that follows
 */
function holdBack(tab: ManualPlatform, leases: MemoryLeases): () => Promise<void> {
  const waiting: (() => void)[] = [];
  tab.board = {
    update: async (...call) => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return leases.update(...call);
    },
    subscribe: (...call) => leases.subscribe(...call),
    hold: () => leases.hold(),
    isLeft: () => leases.isLeft(),
  };
  return async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      next();
      await settled();
    }
  };
}

describe("turns at the refresh endpoint", () => {
  it("B3 a turn is waited for by time, however much news a tab finds when it is thawed", async () => {
    const leases = new MemoryLeases();
    const [first, second] = [openTab(leases, 0.1), openTab(leases, 0.2)];
    new RefreshLock(first, 10_000).take(NAME, "old", () => {});
    await setImmediate();
    let begun = 0;
    new RefreshLock(second, 10_000).take(NAME, "old", () => begun++);
    for (let count = 0; count < 20; count++) {
      leases.tell();
      await setImmediate();
    }
    await second.advance(10_000);
    expect(begun).toBe(0);
    await second.advance(2_000);
    expect(begun).toBe(1);
  });

  it("T24 a token that was committed elsewhere stays unseen until it is seen, through a turn given up", async () => {
    const leases = new MemoryLeases();
    const tab = openTab(leases);
    const lock = new RefreshLock(tab, 10_000);
    const behinds: boolean[] = [];
    const look = async (token: string) => {
      lock.take(NAME, token, (turn, { behind }) => {
        behinds.push(behind);
        turn.release();
      });
      await settled();
    };
    await look("old");
    leases.change(NAME, { generation: 1, token: 42, at: tab.now() });
    await look("old");
    await look("older still");
    expect(behinds).toEqual([false, true, true]);
  });

  it("B2 B22 a tab whose endpoint is slow keeps its turn while its request stays open, and the other sends none", async () => {
    const leases = new MemoryLeases();
    const tabs = [openTab(leases, 0.1), openTab(leases, 0.2)] as const;
    const store = webStorageStore("authToken", new MapStorage());
    const desk = new RefreshDesk();
    const [one, two] = tabs.map((tab) => sessionIn(tab, { ...desk, store })) as [AuthSession, AuthSession];
    const first = expect(one.getToken()).rejects.toMatchObject({ code: "refresh_timeout" });
    const { resolve } = await desk.turn(1);
    const second = two.getToken();
    for (const ms of [10_000, 20_000]) for (const tab of tabs) await tab.advance(ms);
    await first;
    resolve(timedToken(tabs[0].now(), LIFETIME));
    // In this test no tab hears of another's write.
    await tabs[1].advance(1_000);
    expect(await second).toBe(await one.getToken());
    expect(desk.turns).toHaveLength(1);
  });

  it("B3 a tab that says its request stays open, and is frozen then, is waited for half a minute more", async () => {
    const leases = new MemoryLeases();
    const [one, two] = [openTab(leases, 0.1), openTab(leases, 0.2)];
    const desk = new RefreshDesk();
    const frozen = sessionIn(one, { ...desk, store: memoryStore() });
    frozen.getToken().catch(() => {});
    await desk.turn(1);
    await one.advance(10_000);
    const other = sessionIn(two, { ...desk, store: memoryStore() });
    const token = other.getToken();
    await two.advance(31_000);
    expect(desk.turns).toHaveLength(1);
    await two.advance(2_000);
    (await desk.turn(2)).resolve(timedToken(two.now(), LIFETIME));
    expect(await token).not.toBe("");
  });

  it("B3 a database that does not answer is waited for three seconds", async () => {
    const leases = new MemoryLeases();
    leases.isWorking = false;
    const tab = openTab(leases);
    let begun = 0;
    new RefreshLock(tab, 10_000).take(NAME, "old", () => begun++);
    await tab.advance(2_999);
    expect(begun).toBe(0);
    await tab.advance(1);
    expect(begun).toBe(1);
  });

  it("B2 B3 a tab that is preempted while it waits for another's token sends no request of its own", async () => {
    const leases = new MemoryLeases();
    const tab = openTab(leases);
    const storage = new MapStorage();
    storage.setItem("authToken", timedToken(tab.now(), LIFETIME));
    const refresh = vi.fn(async () => timedToken(tab.now(), LIFETIME));
    const session = sessionIn(tab, { refresh, store: webStorageStore("authToken", storage) });
    await session.getToken();
    leases.change(NAME, { generation: 1, token: 42, at: tab.now() });
    const forced = session.getToken({ forceRefresh: true });
    await settled();
    leases.change(NAME, { holder: "another" });
    await tab.advance(2_000);
    expect(refresh).not.toHaveBeenCalled();
    leases.change(NAME, { holder: undefined });
    await tab.advance(3_000);
    expect(refresh).toHaveBeenCalledOnce();
    await forced;
  });

  it("B6 T24 a tab whose refresh token another has used looks once more before it gives up, whatever the clock says", async () => {
    const leases = new MemoryLeases();
    const tab = openTab(leases);
    const storage = new MapStorage();
    const store = webStorageStore("authToken", storage);
    store.save({ accessToken: timedToken(tab.now(), LIFETIME), refreshToken: "first" });
    const refresh = vi.fn(async () => timedToken(tab.now(), LIFETIME));
    const session = sessionIn(tab, { refresh, store });
    await session.getToken();
    // Long ago by this clock, which was put back; and what was stored is not seen yet.
    const at = tab.now() - 2 * 3_600_000;
    leases.change(NAME, { generation: 1, token: 42, spent: [fingerprint("first")], at });
    await tab.advance(LIFETIME);
    const asked = session.getToken();
    await settled();
    expect(session.state.status).not.toBe("signedOut");
    store.save({ accessToken: timedToken(tab.now(), LIFETIME), refreshToken: "second" });
    await tab.advance(2_000);
    expect(await asked).toBe((await store.load())?.accessToken);
    expect(refresh).not.toHaveBeenCalled();
  });

  it("B2 B3 a request has the whole of refreshTimeout, also where its tab has waited for another's token first", async () => {
    const leases = new MemoryLeases();
    const desk = new RefreshDesk();
    const [first, second] = [openTab(leases, 0.1), openTab(leases, 0.2)];
    // T24: neither sees what the other has stored.
    const [late, early] = [first, second].map((tab) => {
      const storage = new MapStorage();
      storage.setItem("authToken", timedToken(tab.now(), LIFETIME));
      return sessionIn(tab, { ...desk, store: webStorageStore("authToken", storage) });
    });
    const force = (session: AuthSession | undefined) =>
      session?.getToken({ forceRefresh: true }).catch(() => undefined);
    await late?.getToken();
    const renewed = force(early);
    (await desk.turn(1)).resolve(timedToken(second.now(), LIFETIME, { jti: "renewed" }));
    await renewed;
    void force(late);
    await settled();
    void force(early);
    for (let ms = 0; ms < 10_900; ms += 100) await Promise.all([first.advance(100), second.advance(100)]);
    expect(desk.turns).toHaveLength(2);
  });
});

/** A database that takes its time. */
class SlowLeases extends MemoryLeases {
  tab: ManualPlatform | undefined;
  readonly #shared: MemoryLeases | undefined;

  /** @param shared with other tabs, which need not wait for it */
  constructor(shared?: MemoryLeases) {
    super();
    this.#shared = shared;
  }

  override async update(...change: Parameters<MemoryLeases["update"]>): Promise<Lease> {
    await new Promise<void>((resolve) => this.tab?.setTimeout(resolve, 5));
    return this.#shared ? this.#shared.update(...change) : super.update(...change);
  }
}

describe("a turn that is given back", () => {
  it("B2 what it has brought is enough for a refresh that has begun meanwhile", async () => {
    const leases = new SlowLeases();
    const tab = openTab(leases);
    leases.tab = tab;
    const storage = new MapStorage();
    const issue = (age: number) => timedToken(tab.now() - age, LIFETIME, { sub: "alice" });
    storage.setItem("authToken", issue(0));
    const refresh = vi.fn(async () => issue(0));
    const session = sessionIn(tab, { refresh, store: webStorageStore("authToken", storage) });
    const forced = session.getToken({ forceRefresh: true });
    for (let ms = 0; ms < 100 && refresh.mock.calls.length === 0; ms++) await tab.advance(1);
    storage.setItem("authToken", issue(2 * LIFETIME));
    await tab.wake();
    expect(session.state).toMatchObject({ status: "refreshing", reason: "expired" });
    await tab.advance(100);
    await forced;
    expect(refresh).toHaveBeenCalledOnce();
  });
});

describe("sign-in and sign-out in other tabs", () => {
  /** Opens sessions in a tab that has a store of its own. */
  interface Opener {
    store: TokenStore;
    open(): AuthSession;
  }

  it("B10 B16 with tokens in memory, the tab that signed out follows a sign-in in another", async () => {
    const leases = new MemoryLeases();
    const tabs = [openTab(leases, 0.1), openTab(leases, 0.2)] as const;
    const bob = () => timedToken(tabs[0].now(), LIFETIME, { sub: "bob" });
    const [one, two] = tabs.map((tab) =>
      sessionIn(tab, { refresh: async () => bob(), store: memoryStore() }),
    ) as [AuthSession, AuthSession];
    for (const session of [one, two]) expect(await session.getToken()).not.toBe("");
    await one.signOut();
    await settled();
    expect([one.state.status, two.state.status]).toEqual(["signedOut", "signedOut"]);
    await two.signIn(bob());
    await settled();
    await one.getToken();
    expect([one.state, two.state]).toMatchObject([{ subject: "bob" }, { subject: "bob" }]);
  });

  it("B10 a tab whose first call is signOut() follows a later sign-in in another", async () => {
    const leases = new MemoryLeases();
    let user: string | null = "alice";
    const [one, two] = [openTab(leases, 0.1), openTab(leases, 0.2)].map((tab) =>
      sessionIn(tab, {
        refresh: async () => user && timedToken(tab.now(), LIFETIME, { sub: user }),
        store: memoryStore(),
      }),
    ) as [AuthSession, AuthSession];
    await one.getToken();
    user = null;
    await two.signOut(); // the page that is loaded to sign out
    await settled();
    expect(one.state.status).toBe("signedOut");
    user = "bob";
    await one.signIn();
    await settled();
    await two.getToken();
    expect(two.state).toMatchObject({ status: "signedIn", subject: "bob" });
  });

  it("B10 a sign-out in another tab empties a store that each tab has to itself: the endpoint says who is next", async () => {
    const leases = new MemoryLeases();
    const tabs = [openTab(leases, 0.1), openTab(leases, 0.2)] as const;
    let user: string | null = "alice";
    const issue = async () => user && timedToken(tabs[0].now(), LIFETIME, { sub: user });
    const [here, there] = tabs.map((tab) => {
      const store = memoryStore();
      return { store, open: () => sessionIn(tab, { refresh: issue, store }) };
    }) as [Opener, Opener];
    const [one, two] = [here.open(), there.open()];
    for (const session of [one, two]) await session.getToken();
    user = null;
    await one.signOut();
    await settled();
    expect(there.store.load()).toBeNull();
    two.dispose();
    const anew = there.open();
    await expect(anew.getToken()).rejects.toMatchObject({ code: "signed_out" });
    anew.dispose();
    user = "bob";
    await one.signIn(timedToken(tabs[0].now(), LIFETIME, { sub: user }));
    expect(await there.open().whenReady()).toMatchObject({ status: "signedIn", subject: "bob" });
  });

  it("B10 a tab that does not know yet who has signed in elsewhere follows their sign-out, and they follow its own", async () => {
    const leases = new MemoryLeases();
    const tabs = [openTab(leases, 0.1), openTab(leases, 0.2)] as const;
    const issue = (sub: string) => timedToken(tabs[0].now(), LIFETIME, { sub });
    const refresh = vi.fn(async () => issue("alice"));
    const [one, two] = tabs.map((tab) => sessionIn(tab, { refresh, store: memoryStore() })) as [
      AuthSession,
      AuthSession,
    ];
    for (const session of [one, two]) await session.getToken();
    await one.signOut();
    refresh.mockRejectedValue(new TypeError("Failed to fetch"));
    await one.signIn(issue("bob"));
    await expect(two.getToken()).rejects.toMatchObject({ code: "refresh_failed" });
    await one.signOut();
    await settled();
    expect(two.state.status).toBe("signedOut");
    await one.signIn(issue("bob"));
    await expect(two.getToken()).rejects.toMatchObject({ code: "refresh_failed" });
    await two.signOut();
    await settled();
    expect(one.state.status).toBe("signedOut");
  });

  it("B10 a tab that learns of a sign-out only as it takes its turn sends no request", async () => {
    const leases = new MemoryLeases();
    const tab = openTab(leases);
    const refresh = vi.fn(async () => timedToken(tab.now(), LIFETIME));
    const session = sessionIn(tab, { refresh, store: memoryStore() });
    await session.getToken();
    leases.change(NAME, { generation: 9, epoch: 1, signedOut: true, token: undefined });
    await expect(session.getToken({ forceRefresh: true })).rejects.toMatchObject({ code: "signed_out" });
    expect(refresh).toHaveBeenCalledOnce();
  });

  it.each([
    ["while a tab's own is loading", false, false],
    ["once a tab's own has loaded", true, false],
    ["once one that tabs share has loaded", true, true],
  ])(
    "B10 what an asynchronous store brings is no newer than a sign-out elsewhere since it was asked: heard of %s",
    async (_, isSlow, isShared) => {
      const leases = new MemoryLeases();
      const tabs = [openTab(leases, 0.1), openTab(leases, 0.2)] as const;
      const held = () => ({ accessToken: timedToken(tabs[0].now(), LIFETIME) });
      const here = sessionIn(tabs[0], { refresh: async () => null, store: memoryStore(held()) });
      const store = Object.assign(new StoreDesk(held()), isShared && { subscribe: () => () => {} });
      const there = sessionIn(tabs[1], { refresh: async () => null, store });
      await here.getToken();
      expect(there.state.status).toBe("unknown");
      await settled();
      const letThrough = isSlow ? holdBack(tabs[1], leases) : () => Promise.resolve();
      for (const tab of tabs) await tab.advance(1);
      await here.signOut();
      for (const tab of tabs) await tab.advance(1);
      await store.answerAll();
      await letThrough();
      await store.answerAll();
      expect(there.state.status).toBe("signedOut");
      expect(store.held).toBeNull();
    },
  );

  it.each<[string, TokenSet, boolean, boolean]>([
    ["leaves another user's tokens", { accessToken: "bob's", subject: "bob" }, true, true],
    ["takes the user's newer tokens", { accessToken: "alice's next", subject: "alice" }, true, false],
    ["takes what cannot be read", { accessToken: "alice's next", subject: "alice" }, false, false],
  ])(
    "B8 B10 B16 a sign-out elsewhere %s from a store that does not say that tabs share it",
    async (_, written, canBeRead, stays) => {
      const leases = new MemoryLeases();
      const tabs = [openTab(leases, 0.1), openTab(leases, 0.2)] as const;
      let held: TokenSet | null = null;
      let isReadable = true;
      const store: TokenStore = {
        load: () => {
          if (!isReadable) throw new Error("locked");
          return held;
        },
        save: (tokens) => {
          held = tokens;
        },
        clear: () => {
          held = null;
        },
      };
      const [here, there] = tabs.map((tab) =>
        sessionIn(tab, {
          refresh: () => Promise.reject(new TypeError("Failed to fetch")),
          store: { ...store },
        }),
      ) as [AuthSession, AuthSession];
      await here.signIn({ accessToken: "alice's", subject: "alice" });
      await there.getToken();
      await settled();
      const letThrough = holdBack(tabs[1], leases);
      for (const tab of tabs) await tab.advance(1);
      await here.signOut();
      for (const tab of tabs) await tab.advance(1);
      // As the app's own code does it.
      held = written;
      isReadable = canBeRead;
      await letThrough();
      expect(held).toEqual(stays ? written : null);
      expect(there.state.status).toBe("signedOut");
    },
  );

  it("B10 a sign-out is remembered by a store that does not say that tabs share it, once the other tab has followed", async () => {
    const leases = new MemoryLeases();
    const tabs = [openTab(leases, 0.1), openTab(leases, 0.2)] as const;
    const store = memoryStore();
    const refresh = vi.fn(async () => ({ accessToken: "alice's next", subject: "alice" }));
    const [here, there] = tabs.map((tab) => sessionIn(tab, { refresh, store: { ...store } })) as [
      AuthSession,
      AuthSession,
    ];
    for (const session of [here, there]) expect(session.state.status).toBe("unknown");
    await settled();
    await here.signIn({ accessToken: "alice's", subject: "alice" });
    await there.getToken();
    await settled();
    await here.signOut();
    await settled();
    expect(there.state.status).toBe("signedOut");
    here.dispose();
    const anew = sessionIn(tabs[0], { refresh, store: { ...store } });
    expect((await anew.whenReady()).status).toBe("signedOut");
    expect(refresh).not.toHaveBeenCalled();
  });

  it.each(["after a sign-out elsewhere", "that has found nobody signed in"])(
    "B10 B22 a tab %s leaves the tokens of a sign-in elsewhere in a store that does not say that tabs share it",
    async (which) => {
      const leases = new MemoryLeases();
      const tabs = [openTab(leases, 0.1), openTab(leases, 0.2)] as const;
      const { subscribe: _, ...store } = webStorageStore("tokens", new MapStorage());
      const [here, there] = tabs.map((tab) =>
        sessionIn(tab, { refresh: async () => null, store: { ...store } }),
      ) as [AuthSession, AuthSession];
      for (const session of [here, there]) expect(session.state.status).toBe("unknown");
      await settled();
      if (which === "after a sign-out elsewhere") {
        await here.signIn("alice's");
        await there.getToken();
        await settled();
        await here.signOut();
        await settled();
      } else await there.whenReady();
      expect(there.state.status).toBe("signedOut");
      // The news comes when all has been written, as IndexedDB's does.
      const letThrough = holdBack(tabs[1], leases);
      for (const tab of tabs) await tab.advance(1);
      await here.signIn("bob's");
      await letThrough();
      expect(store.load()).toMatchObject({ accessToken: "bob's" });
      expect(there.token).toBe("bob's");
    },
  );

  it("B10 a tab whose store is slow to say what a sign-in elsewhere brought stays out where a sign-out follows", async () => {
    const leases = new MemoryLeases();
    const tabs = [openTab(leases, 0.1), openTab(leases, 0.2)] as const;
    const store = new StoreDesk();
    const refresh = vi.fn(async () => "the cookie's");
    const here = sessionIn(tabs[0], { refresh: async () => null, store: memoryStore() });
    const there = sessionIn(tabs[1], { refresh, store });
    for (const session of [here, there]) expect(session.state.status).toBe("unknown");
    await store.answerAll();
    const out = there.signOut();
    await settled();
    await store.answerAll();
    await out;
    for (const tab of tabs) await tab.advance(1);
    await here.signIn("bob's");
    await settled();
    await here.signOut();
    await settled();
    await store.answerAll();
    expect(there.state.status).toBe("signedOut");
    await expect(there.getToken()).rejects.toMatchObject({ code: "signed_out" });
    expect(refresh).not.toHaveBeenCalled();
  });

  it("B9 B10 a tab leaves them there also where it could not read that store the last time", async () => {
    const leases = new MemoryLeases();
    const tabs = [openTab(leases, 0.1), openTab(leases, 0.2)] as const;
    const store = new StoreDesk();
    const here = sessionIn(tabs[0], { refresh: async () => null, store: memoryStore() });
    const there = sessionIn(tabs[1], { refresh: async () => null, store });
    for (const session of [here, there]) expect(session.state.status).toBe("unknown");
    const ready = there.whenReady();
    for (const { reject } of store.turns.splice(0)) reject(new Error("blocked"));
    await store.answerAll();
    expect(await ready).toMatchObject({ status: "signedOut", warning: { code: "storage_unavailable" } });
    store.held = { accessToken: "bob's", subject: "bob" };
    await here.signIn("bob's");
    await settled();
    await store.answerAll();
    expect(store.held).toMatchObject({ accessToken: "bob's" });
    expect(there.token).toBe("bob's");
  });

  it("B10 signIn() with the token that is there is newer than a sign-out elsewhere that came first", async () => {
    const leases = new MemoryLeases();
    const tabs = [openTab(leases, 0.1), openTab(leases, 0.2)] as const;
    const [here, there] = tabs.map((tab) =>
      sessionIn(tab, { refresh: async () => null, store: memoryStore() }),
    ) as [AuthSession, AuthSession];
    for (const session of [here, there]) await session.signIn("token");
    await settled();
    const letThrough = holdBack(tabs[1], leases);
    await here.signOut();
    await tabs[1].advance(1);
    await there.signIn("token");
    await letThrough();
    expect(there.token).toBe("token");
  });
});

describe("signIn() without tokens in a page that is left in the midst of it", () => {
  it.each(["answered", "refused"])("B10 B20 undoes no sign-out elsewhere: its request is %s", async (how) => {
    const leases = new MemoryLeases();
    const [here, there] = [openTab(leases, 0.1), openTab(leases, 0.2)];
    const desk = new RefreshDesk();
    const accessToken = timedToken(here.now(), LIFETIME);
    const left = sessionIn(here, { ...desk, store: memoryStore({ accessToken }) });
    const refresh = vi.fn(async () => timedToken(there.now(), LIFETIME));
    const other = sessionIn(there, { refresh, store: memoryStore() });
    await left.getToken();
    await other.getToken();
    onTestFinished(holdToken(other));
    const signedIn = left.signIn();
    const turn = await desk.turn(1);
    left.dispose();
    await expect(signedIn).rejects.toMatchObject({ code: "signed_out" });
    await other.signOut();
    if (how === "answered") turn.resolve(timedToken(here.now(), LIFETIME));
    else turn.reject({ status: 503 });
    await settled();
    await there.advance(20_000);
    expect(other.state).toEqual({ status: "signedOut" });
    expect(refresh).toHaveBeenCalledOnce();
  });

  it("B16 B22 tells the others of another user whom its request has brought", async () => {
    const leases = new MemoryLeases();
    const [here, there] = [openTab(leases, 0.1), openTab(leases, 0.2)];
    const desk = new RefreshDesk();
    const left = sessionIn(here, {
      ...desk,
      store: memoryStore({ accessToken: timedToken(here.now(), LIFETIME) }),
    });
    let user = "alice";
    const refresh = async () => timedToken(there.now(), LIFETIME, { sub: user });
    const other = sessionIn(there, { refresh, store: memoryStore() });
    for (const session of [left, other]) await session.getToken();
    await there.advance(20_000); // B27: its last refresh was some time ago
    user = "bob";
    const signedIn = left.signIn();
    const turn = await desk.turn(1);
    left.dispose();
    await expect(signedIn).rejects.toMatchObject({ code: "signed_out" });
    turn.resolve(timedToken(here.now(), LIFETIME, { sub: user }));
    await settled();
    expect(other.state).toMatchObject({ status: "signedIn", subject: "bob" });
  });
});

describe("news of another tab that was lost, as to a page in the back/forward cache", () => {
  /** A session of alice's that is in demand. */
  async function openPage() {
    const leases = new MemoryLeases();
    const tab = openTab(leases);
    const refresh = vi.fn(async () => timedToken(tab.now(), LIFETIME));
    const session = sessionIn(tab, { refresh, store: memoryStore() });
    onTestFinished(holdToken(session));
    await session.getToken();
    await tab.advance(20_000);
    refresh.mockImplementation(async () => timedToken(tab.now(), LIFETIME, { sub: "bob" }));
    return { leases, tab, session };
  }

  it("B10 T23 a sign-out is heard of when the page comes back to life", async () => {
    const { leases, tab, session } = await openPage();
    leases.change(NAME, { generation: 9, epoch: 1, signedOut: true, token: undefined });
    await tab.wake();
    await settled();
    expect(session.state).toEqual({ status: "signedOut" });
  });

  it("B16 T23 so is another user's sign-in", async () => {
    const { leases, tab, session } = await openPage();
    leases.change(NAME, { generation: 9, epoch: 1, signedOut: false, user: fingerprint("bob"), token: 1 });
    await tab.wake();
    await tab.advance(1_000);
    expect(session.state).toMatchObject({ status: "signedIn", subject: "bob" });
  });

  it.each(["the store", "signIn()"])(
    "B8 B10 T23 a sign-out that came before the present tokens is none of theirs: from %s",
    async (where) => {
      const leases = new MemoryLeases();
      const tab = openTab(leases);
      const store = memoryStore({ accessToken: timedToken(tab.now(), LIFETIME) });
      const session = sessionIn(tab, { refresh: async () => null, store });
      onTestFinished(holdToken(session));
      await session.getToken();
      leases.change(NAME, { generation: 9, epoch: 1, signedOut: true, token: undefined, since: tab.now() });
      await tab.advance(1_000);
      const accessToken = timedToken(tab.now(), LIFETIME);
      if (where === "the store") await store.save({ accessToken });
      else await session.signIn(accessToken);
      expect(await session.getToken()).toBe(accessToken);
      await tab.wake();
      await settled();
      expect(session.state).toMatchObject({ status: "signedIn", subject: "alice" });
      expect(store.load()).toMatchObject({ accessToken });
    },
  );

  it("B5 B10 a sign-out elsewhere is followed where the clock has been put back since the sign-in", async () => {
    const leases = new MemoryLeases();
    const tabs = [openTab(leases, 0.1), openTab(leases, 0.2)] as const;
    const [one, two] = tabs.map((tab) =>
      sessionIn(tab, { refresh: async () => null, store: memoryStore() }),
    ) as [AuthSession, AuthSession];
    for (const session of [one, two]) await session.signIn("opaque");
    for (const tab of tabs) tab.jump(-3_600_000);
    await one.signOut();
    await settled();
    expect(two.state.status).toBe("signedOut");
  });
});

describe("two sessions of one name on one page", () => {
  it("B10 B16 a store that all tabs share tells each of a sign-out and a sign-in in the other", async () => {
    const tab = openTab(new MemoryLeases());
    const storage = new MapStorage();
    // A page hears of no `storage` event that it has caused itself.
    const open = () =>
      sessionIn(tab, { refresh: async () => null, store: webStorageStore("authToken", storage) });
    const [one, other] = [open(), open()];
    await one.signIn(timedToken(tab.now(), LIFETIME, { sub: "alice" }));
    await other.getToken();
    await one.signOut();
    await settled();
    expect(other.state.status).toBe("signedOut");
    await one.signIn(timedToken(tab.now(), LIFETIME, { sub: "bob" }));
    await settled();
    expect(other.state).toMatchObject({ status: "signedIn", subject: "bob" });
  });
});

describe("a store that cannot be written", () => {
  const failures: [string, () => Promise<void>][] = [
    [
      "throws",
      () => {
        throw new Error("no room");
      },
    ],
    ["rejects", () => Promise.reject(new Error("no room"))],
  ];

  it.each(failures)(
    "B10 B16 other tabs hear of a sign-out and a sign-in all the same: it %s",
    async (_, fail) => {
      const leases = new MemoryLeases();
      let user = "alice";
      const [first, second] = [openTab(leases, 0.1), openTab(leases, 0.2)];
      const [here, there] = [first, second].map((tab) => {
        const refresh = async () => timedToken(tab.now(), LIFETIME, { sub: user });
        return sessionIn(tab, { refresh, store: { ...memoryStore(), save: fail, clear: fail } });
      });
      await Promise.all([here?.getToken(), there?.getToken()]);
      await here?.signOut();
      await settled();
      expect(there?.state.status).toBe("signedOut");
      user = "bob";
      await here?.signIn(timedToken(first.now(), LIFETIME, { sub: user }));
      await there?.whenReady();
      expect(there?.state).toMatchObject({ status: "signedIn", subject: "bob" });
      expect(here?.state).toMatchObject({ subject: "bob", warning: { code: "storage_unavailable" } });
    },
  );

  it("B10 a sign-out elsewhere empties one of the tab's own, also of a token whose successor could not be saved", async () => {
    const leases = new MemoryLeases();
    const tabs = [openTab(leases, 0.1), openTab(leases, 0.2)] as const;
    const refresh = async () => timedToken(tabs[0].now(), LIFETIME);
    const own = memoryStore({ accessToken: "own" });
    const save = () => Promise.reject(new Error("no room"));
    const here = sessionIn(tabs[0], { refresh, store: memoryStore({ accessToken: "another" }) });
    const there = sessionIn(tabs[1], { refresh, store: { ...own, save } });
    await here.getToken();
    await there.getToken({ forceRefresh: true });
    await here.signOut();
    await settled();
    expect(own.load()).toBeNull();
    await expect(there.getToken()).rejects.toMatchObject({ code: "signed_out" });
  });
});

describe("a store that tabs share, and that tells them of no sign-out", () => {
  /** Where alice is signed in. */
  function filled(): MapStorage {
    const storage = new MapStorage();
    storage.setItem("tokens", timedToken(new ManualPlatform().now(), LIFETIME, { sub: "alice" }));
    return storage;
  }
  function forgetful(storage: MapStorage): TokenStore {
    const { signedOut: _, ...store } = webStorageStore("tokens", storage);
    return { ...store, subscribe: () => () => {} };
  }
  function full(storage: MapStorage): TokenStore {
    storage.setItem = () => {
      throw new DOMException("no room", "QuotaExceededError");
    };
    return webStorageStore("tokens", storage);
  }
  const stores: [string, () => TokenStore[]][] = [
    ["it remembers none", () => Array(2).fill(forgetful(filled()))],
    ["it has no room to remember one", () => Array(2).fill(full(filled()))],
    [
      "each tab has its own, whose subscribe() tells of nobody else",
      () => [forgetful(filled()), forgetful(filled())],
    ],
  ];

  it.each(stores)(
    "B10 a sign-out reaches the other tab all the same, and no refresh undoes it: %s",
    async (_, make) => {
      const leases = new MemoryLeases();
      const tabs = [openTab(leases, 0.1), openTab(leases, 0.2)] as const;
      const refresh = vi.fn(async () => timedToken(tabs[1].now(), LIFETIME, { sub: "alice" }));
      const made = make();
      const [here, there] = tabs.map((tab, which) => sessionIn(tab, { refresh, store: made[which] })) as [
        AuthSession,
        AuthSession,
      ];
      await here.getToken();
      await there.getToken();
      onTestFinished(holdToken(there));
      await here.signOut();
      await settled();
      expect(there.state.status).toBe("signedOut");
      expect(made[1]?.load()).toBeNull();
      await tabs[1].advance(LIFETIME);
      expect(refresh).not.toHaveBeenCalled();
      expect(here.state.status).toBe("signedOut");
    },
  );

  it("B10 T24 one that a tab still sees as it was before a sign-out elsewhere remembers it", async () => {
    const leases = new MemoryLeases();
    leases.tell = () => {}; // it hears of it as it comes back to life
    const tabs = [openTab(leases, 0.1), openTab(leases, 0.2)] as const;
    const [storage, seen] = [filled(), filled()];
    const late = {
      getItem: (key: string) => seen.getItem(key),
      setItem: (key: string, value: string) => storage.setItem(key, value),
      removeItem: (key: string) => storage.removeItem(key),
    };
    const store = webStorageStore("tokens", storage);
    const subscribe = () => () => {};
    const refresh = async () => null;
    const here = sessionIn(tabs[0], { refresh, store: { ...store, subscribe } });
    const there = sessionIn(tabs[1], { refresh, store: { ...webStorageStore("tokens", late), subscribe } });
    onTestFinished(holdToken(there));
    for (const session of [here, there]) await session.getToken();
    await here.signOut();
    await tabs[1].wake();
    await settled();
    expect(there.state).toEqual({ status: "signedOut" });
    expect(await store.signedOut?.()).toBe(true);
  });

  it("B10 B16 another tab that is slow to follow leaves the next sign-in's tokens in an asynchronous store", async () => {
    const leases = new MemoryLeases();
    const tabs = [openTab(leases, 0.1), openTab(leases, 0.2)] as const;
    const { load, save, clear } = memoryStore();
    const listeners = new Set<() => void>();
    const later = (ms: number, tab: ManualPlatform) =>
      new Promise<void>((done) => {
        tab.setTimeout(done, ms);
      });
    const tell = () => {
      for (const listener of listeners) listener();
    };
    const [here, there] = tabs.map((tab, which) =>
      sessionIn(tab, {
        refresh: async () => null,
        store: {
          load: () => later(10, tab).then(load),
          save: (tokens) =>
            later(5, tab)
              .then(() => save(tokens))
              .then(tell),
          clear: () =>
            later(which === 0 ? 5 : 500, tab)
              .then(() => clear())
              .then(tell),
          subscribe: (listener) => {
            listeners.add(listener);
            return () => listeners.delete(listener);
          },
        },
      }),
    ) as [AuthSession, AuthSession];
    const pass = async (ms: number) => {
      for (let at = 0; at < ms; at += 5) for (const tab of tabs) await tab.advance(5);
    };
    const issue = () => timedToken(tabs[0].now(), LIFETIME);
    const signedIn = here.signIn(issue());
    await pass(50);
    await signedIn;
    expect(there.state.status).toBe("unknown");
    await pass(50);
    const signedOut = here.signOut();
    await pass(50);
    await signedOut;
    expect(there.state.status).toBe("signedOut");
    const next = issue();
    const again = here.signIn(next);
    await pass(1_000);
    await again;
    expect(await load()).toMatchObject({ accessToken: next });
    expect([here.token, there.token]).toEqual([next, next]);
  });

  it("B10 a sign-in outlives a sign-out elsewhere that came first and is heard of while the sign-in is being told", async () => {
    const leases = new MemoryLeases();
    const tabs = [openTab(leases, 0.1), openTab(leases, 0.2)] as const;
    const store = webStorageStore("tokens", filled());
    const [here, there] = tabs.map((tab) => sessionIn(tab, { refresh: async () => null, store })) as [
      AuthSession,
      AuthSession,
    ];
    for (const session of [here, there]) await session.getToken();
    await settled();
    const letThrough = holdBack(tabs[1], leases);
    await here.signOut();
    await settled();
    await tabs[1].advance(1);
    const signedIn = there.signIn(timedToken(tabs[1].now(), LIFETIME, { sub: "bob" }));
    await letThrough();
    await signedIn;
    expect(there.state).toMatchObject({ status: "signedIn", subject: "bob" });
  });

  it("B2 another user's sign-out is none of this session's, whose store is another one", async () => {
    const leases = new MemoryLeases();
    const sessions = ["alice", "bob"].map((sub, which) => {
      const tab = openTab(leases, (which + 1) / 10);
      const storage = new MapStorage();
      storage.setItem("tokens", timedToken(tab.now(), LIFETIME, { sub }));
      return sessionIn(tab, { refresh: async () => null, store: forgetful(storage) });
    });
    for (const session of sessions) await session.getToken();
    await sessions[0]?.signOut();
    await settled();
    expect(sessions.map(({ state }) => state.status)).toEqual(["signedOut", "signedIn"]);
  });

  it("B5 a sign-out of before the clock was put back signs out nobody who comes after it", async () => {
    const leases = new MemoryLeases();
    const tab = openTab(leases);
    const storage = filled();
    const open = () =>
      sessionIn(tab, { refresh: async () => null, store: webStorageStore("tokens", storage) });
    const first = open();
    await first.getToken();
    await first.signOut();
    await settled();
    first.dispose();
    tab.jump(-7_200_000);
    // By the app's own code, which announces nothing.
    storage.setItem("tokens", timedToken(tab.now(), LIFETIME, { sub: "alice" }));
    const next = open();
    await next.getToken();
    await settled();
    expect(next.state.status).toBe("signedIn");
  });

  it("B10 a sign-in without tokens is newer than a sign-out that is heard of after it", async () => {
    const leases = new MemoryLeases();
    const storage = filled();
    const tabs = [openTab(leases, 0.1), openTab(leases, 0.2)] as const;
    // The other tab's database does not answer for a while.
    let isHanging = false;
    tabs[1].board = {
      update: (name, change) => (isHanging ? new Promise(() => {}) : leases.update(name, change)),
      subscribe: (name, listener) => leases.subscribe(name, listener),
      hold: () => () => {},
      isLeft: () => false,
    };
    const refresh = async () => timedToken(tabs[1].now(), LIFETIME, { sub: "alice" });
    const [here, there] = tabs.map((tab) =>
      sessionIn(tab, { refresh, store: webStorageStore("tokens", storage) }),
    ) as [AuthSession, AuthSession];
    for (const session of [here, there]) await session.getToken();
    await settled();
    onTestFinished(holdToken(there));
    isHanging = true;
    await here.signOut();
    await settled();
    await expect(there.getToken()).rejects.toMatchObject({ code: "signed_out" });
    await tabs[1].advance(5_000);
    const signedIn = there.signIn();
    for (let second = 0; second < 10; second++) {
      await settled();
      await tabs[1].advance(1_000);
    }
    await signedIn;
    isHanging = false;
    leases.tell();
    await settled();
    expect(there.state.status).toBe("signedIn");
  });

  it("B10 news of a sign-out that comes late does not sign out whom other code has signed in since", async () => {
    const leases = new MemoryLeases();
    const tab = openTab(leases);
    const storage = new MapStorage();
    const store = webStorageStore("authToken", storage);
    await store.save({ accessToken: timedToken(tab.now(), LIFETIME, { sub: "alice" }) });
    const session = sessionIn(tab, { refresh: async () => null, store });
    await session.getToken();
    await settled();
    leases.change(NAME, { generation: 1, epoch: 1, signedOut: true, since: tab.now(), at: tab.now() });
    await tab.advance(1_000);
    const token = timedToken(tab.now(), LIFETIME, { sub: "alice" });
    storage.setItem("authToken", token);
    expect(await session.getToken()).toBe(token);
    leases.tell();
    await settled();
    expect(session.state.status).toBe("signedIn");
  });
});

describe("signIn() without tokens, to which the endpoint answers 401 once", () => {
  it("B6 B10 waits for the second try, and tells the other tabs whom it brings", async () => {
    const leases = new MemoryLeases();
    let subject = "alice";
    let refusals = 0;
    const tabs = [openTab(leases, 0.1), openTab(leases, 0.2)] as const;
    const [here, there] = tabs.map((tab) => {
      const refresh = async () => {
        if (refusals-- > 0) throw Object.assign(new Error("refused"), { status: 401 });
        return timedToken(tab.now(), LIFETIME, { sub: subject });
      };
      return sessionIn(tab, { refresh, store: memoryStore() });
    }) as [AuthSession, AuthSession];
    for (const session of [here, there]) await session.whenReady();
    for (const tab of tabs) await tab.advance(20_000);
    subject = "bob";
    refusals = 1;
    const signedIn = here.signIn();
    await settled();
    await tabs[0].advance(2_500);
    await signedIn;
    await settled();
    await tabs[1].advance(2_500);
    await settled();
    expect([here, there].map(({ state }) => state.subject)).toEqual(["bob", "bob"]);
  });
});

describe("a duplicated tab, whose refresh token the other has used", () => {
  it("B6 waits for its token's end, also once the server says that it is near", async () => {
    const leases = new MemoryLeases();
    const [first, second] = [openTab(leases, 0.1), openTab(leases, 0.2)];
    const accessToken = timedToken(first.now(), LIFETIME);
    const refresh = async () => ({ accessToken: timedToken(first.now(), LIFETIME), refreshToken: "next" });
    const held = () => memoryStore({ accessToken, refreshToken: "first", signInId: "one" });
    const original = sessionIn(first, { refresh, store: held() });
    const copy = sessionIn(second, { refresh, store: held() });
    await original.getToken({ forceRefresh: true });
    await expect(copy.getToken({ forceRefresh: true })).rejects.toMatchObject({ code: "session_expired" });
    onTestFinished(holdToken(copy));
    (copy["~session"] as Session).measured(accessToken, 10_000, true);
    const timers = second.delays.length;
    await second.advance(9_000);
    expect(second.delays.length - timers).toBeLessThan(5);
    expect(copy.state.status).toBe("signedIn");
    await second.advance(2_000);
    expect(copy.state).toMatchObject({ status: "signedOut", error: { code: "session_expired" } });
  });

  it("B23 refreshes again once it is given another refresh token for the same access token", async () => {
    const leases = new MemoryLeases();
    const [first, second] = [openTab(leases, 0.1), openTab(leases, 0.2)];
    const held = () => memoryStore({ accessToken: "opaque", refreshToken: "first", signInId: "one" });
    const refresh = vi.fn(async ({ refreshToken }: { refreshToken?: string | undefined }) => ({
      accessToken: `by ${refreshToken}`,
      refreshToken: "next",
    }));
    const [original, copy] = [first, second].map((tab) => sessionIn(tab, { refresh, store: held() }));
    await original?.getToken({ forceRefresh: true });
    await expect(copy?.getToken({ forceRefresh: true })).rejects.toMatchObject({ code: "session_expired" });
    await copy?.signIn({ accessToken: "opaque", refreshToken: "new" });
    expect(await copy?.getToken({ forceRefresh: true })).toBe("by new");
  });

  it("B22 keeps what it was given, though the other has preempted it and used the same refresh token", async () => {
    const leases = new MemoryLeases();
    const [first, second] = [openTab(leases, 0.1), openTab(leases, 0.2)];
    const accessToken = timedToken(first.now(), LIFETIME);
    const held = () => memoryStore({ accessToken, refreshToken: "first", signInId: "one" });
    const refresh = async () => ({ accessToken: timedToken(first.now(), LIFETIME), refreshToken: "its own" });
    const original = sessionIn(first, { refresh, store: held() });
    const answer = deferred<TokenSet>();
    const store = held();
    const copy = sessionIn(second, { refresh: () => answer.promise, store });
    const asked = copy.getToken({ forceRefresh: true });
    await settled();
    const others = original.getToken({ forceRefresh: true });
    await first.advance(15_000);
    await others;
    const given = { accessToken: timedToken(second.now(), LIFETIME), refreshToken: "given late" };
    answer.resolve(given);
    expect(await asked).toBe(given.accessToken);
    expect(store.load()).toMatchObject(given);
    expect(copy.state.status).toBe("signedIn");
  });
});

describe("tokens that name nobody, in the memory of each tab", () => {
  let issued = 0;
  const opaque = async () => `opaque ${++issued}`;

  it("B16 a sign-in in another tab is another user's: what the last one's token was refused for is not the next one's", async () => {
    const leases = new MemoryLeases();
    const [one, two] = [openTab(leases, 0.1), openTab(leases, 0.2)].map((tab) =>
      sessionIn(tab, { refresh: opaque, store: memoryStore() }),
    ) as [AuthSession, AuthSession];
    const last = await one.getToken();
    await two.getToken();
    await two.signIn(await opaque());
    await settled();
    expect(one.state.status).toBe("unknown");
    expect(await one.getToken()).not.toBe(last);
    await expect(one.getToken({ rejected: last })).rejects.toMatchObject({ code: "user_changed" });
  });

  it("B16 a sign-in in another tab takes nothing from who has signed in here since", async () => {
    const leases = new MemoryLeases();
    const tabs = [openTab(leases, 0.1), openTab(leases, 0.2)] as const;
    const [here, there] = tabs.map((tab) =>
      sessionIn(tab, { refresh: async () => null, store: memoryStore() }),
    ) as [AuthSession, AuthSession];
    for (const session of [here, there]) await session.signIn(await opaque());
    await settled();
    const letThrough = holdBack(tabs[1], leases);
    await tabs[0].advance(1);
    await here.signIn(await opaque());
    await tabs[1].advance(2);
    const signedIn = there.signIn("later");
    await letThrough();
    await signedIn;
    expect(there.token).toBe("later");
  });

  it("B16 T23 a tab that was frozen before it first looked at the others hears of who has signed in since", async () => {
    const leases = new MemoryLeases();
    const tab = openTab(leases);
    const session = sessionIn(tab, { refresh: opaque, store: memoryStore({ accessToken: "opaque" }) });
    leases.isWorking = false;
    expect(session.state.status).toBe("signedIn");
    await tab.advance(10);
    leases.isWorking = true;
    leases.change(NAME, { generation: 1, epoch: 1, since: tab.now(), at: tab.now() });
    const asked = session.getToken({ forceRefresh: true });
    await expect(asked).rejects.toMatchObject({ code: "user_changed" });
    expect(await session.getToken()).not.toBe("opaque");
  });
});

describe("an identity SDK in two tabs that tells its other tabs nothing", () => {
  /** Tabs whose SDKs find their token at one place. */
  async function openTabs() {
    const leases = new MemoryLeases();
    const held: { token: string | null } = { token: null };
    const open = (chance: number) => {
      const listeners = new Set<() => void>();
      const get = vi.fn<TokenSource["get"]>(async () => held.token);
      const subscribe = (changed: () => void) => {
        listeners.add(changed);
        return () => listeners.delete(changed);
      };
      const tab = openTab(leases, chance);
      const session = sessionIn(tab, { source: { get, subscribe } });
      const tell = async (token: string | null) => {
        held.token = token;
        for (const listener of listeners) listener();
        await settled();
      };
      return { session, get, tell };
    };
    const tabs = [open(0.1), open(0.2), open(0.3)] as const;
    for (const { session } of tabs) await session.whenReady();
    return tabs;
  }
  const tokenOf = (sub: string, jti: number) => timedToken(Date.UTC(2026, 0, 1), LIFETIME, { sub, jti });

  it("B16 another user who signs in in one is the user of both", async () => {
    const [one, two] = await openTabs();
    await one.tell(tokenOf("alice", 1));
    expect(two.session.state).toMatchObject({ status: "signedIn", subject: "alice" });
    await one.tell(tokenOf("bob", 2));
    expect([one.session.state, two.session.state]).toMatchObject([{ subject: "bob" }, { subject: "bob" }]);
  });

  it("who signs in in one after a sign-out is signed in in both", async () => {
    const [one, two] = await openTabs();
    await one.tell(tokenOf("alice", 1));
    await one.tell(null);
    expect([one.session.state.status, two.session.state.status]).toEqual(["signedOut", "signedOut"]);
    await one.tell(tokenOf("alice", 2));
    expect([one.session.state.status, two.session.state.status]).toEqual(["signedIn", "signedIn"]);
  });

  it("section 2: signIn() in one undoes a sign-out in both, also where it was", async () => {
    const [one, two] = await openTabs();
    await one.tell(tokenOf("alice", 1));
    await two.session.signOut();
    await settled();
    expect([one.session.state.status, two.session.state.status]).toEqual(["signedOut", "signedOut"]);
    await one.session.signIn();
    await settled();
    expect([one.session.state.status, two.session.state.status]).toEqual(["signedIn", "signedIn"]);
  });

  it("B10 a sign-out that the SDK tells of while another tab's news is followed reaches every tab", async () => {
    const [one, two, three] = await openTabs();
    await one.tell(tokenOf("alice", 1));
    const looked = deferred<string | null>();
    three.get.mockImplementationOnce(() => looked.promise);
    await one.tell(tokenOf("bob", 2));
    two.get.mockClear();
    // The third is still looking for Bob, of whom the first has told it.
    three.get.mockImplementation(async () => null);
    await three.tell(null);
    looked.resolve(tokenOf("bob", 2));
    await settled();
    expect([one, two, three].map(({ session }) => session.state.status)).toEqual(Array(3).fill("signedOut"));
  });

  it("B23 a renewal in one is no news: the other is not told, and asks nobody", async () => {
    const [one, two] = await openTabs();
    await one.tell(tokenOf("alice", 1));
    two.get.mockClear();
    await one.tell(tokenOf("alice", 2));
    expect(two.get).not.toHaveBeenCalled();
    expect(two.session.state).toMatchObject({ status: "signedIn", subject: "alice" });
  });
});

describe("an identity SDK whose news comes before the turn is given back", () => {
  it("B7 its answer does not take the place of the refresh for a token that has been refused since", async () => {
    const leases = new SlowLeases();
    const tab = openTab(leases);
    leases.tab = tab;
    const [first, second, third] = ["1", "2", "3"].map((jti) => timedToken(tab.now(), LIFETIME, { jti }));
    let held = first;
    let changed = () => {};
    const answers: ((token: string | undefined) => void)[] = [];
    const source: TokenSource = {
      get: ({ reason }) =>
        /missing|expiring/.test(reason) ? held : new Promise((resolve) => answers.push(resolve)),
      subscribe: (listener) => {
        changed = listener;
        return () => {};
      },
    };
    const session = sessionIn(tab, { source });
    await session.getToken();
    const forced = session.getToken({ forceRefresh: true });
    await tab.advance(5);
    answers[0]?.(second);
    await settled();
    held = second;
    changed();
    expect(await forced).toBe(second);
    const replaced = session.getToken({ rejected: `${second}` });
    await tab.advance(5);
    expect(session.token).toBeUndefined();
    await tab.advance(100);
    answers[1]?.(third);
    await tab.advance(5);
    expect(await replaced).toBe(third);
  });
});

describe("tabs that share a store", () => {
  it("B2 three tabs whose token expires make one request, and the turn is free at once", async () => {
    const leases = new MemoryLeases();
    const storage = new MapStorage();
    const tabs = [0.1, 0.2, 0.3].map((chance) => openTab(leases, chance));
    const refresh = vi.fn(async () =>
      timedToken(tabs[0]?.now() ?? 0, LIFETIME, { jti: refresh.mock.calls.length }),
    );
    storage.setItem("authToken", timedToken(Date.UTC(2026, 0, 1) - LIFETIME, LIFETIME));
    const sessions = tabs.map((tab) =>
      sessionIn(tab, { refresh, store: webStorageStore("authToken", storage) }),
    );
    const tokens = Promise.all(sessions.map((session) => session.getToken()));
    await settled();
    expect(leases.of(NAME).holder).toBeUndefined();
    expect(new Set(await tokens).size).toBe(1);
    for (const tab of tabs) await tab.advance(5_000);
    expect(refresh).toHaveBeenCalledOnce();
  });

  it("B22 a sign-in whose refresh token another tab has used before it was announced is not stored over its successor", async () => {
    const leases = new MemoryLeases();
    const [first, second] = [openTab(leases, 0.1), openTab(leases, 0.2)];
    const slow = new SlowLeases(leases);
    slow.tab = first;
    first.board = slow;
    const store = webStorageStore("authToken", new MapStorage());
    const fresh = () => timedToken(second.now(), LIFETIME);
    const refresh = vi.fn(async () => ({ accessToken: fresh(), refreshToken: "second" }));
    const [here, there] = [first, second].map((tab) => sessionIn(tab, { refresh, store }));
    const signedIn = here?.signIn({ accessToken: fresh(), refreshToken: "first" });
    await settled();
    const token = await there?.getToken({ forceRefresh: true });
    await first.advance(10);
    await signedIn;
    expect(store.load()).toMatchObject({ accessToken: token, refreshToken: "second" });
    expect(await here?.getToken()).toBe(token);
    expect(refresh).toHaveBeenCalledOnce();
  });
});

describe("tabs that share a cookie", () => {
  it("B2 B27 who adopts another's renewal and is refused all the same renews the cookie at once", async () => {
    const leases = new MemoryLeases();
    const refresh = vi.fn(async () => "renewed");
    const origins = ["https://api.example"];
    const fetch = async () => new Response(null, { status: 401 });
    const open = () => sessionIn(openTab(leases), { refresh, credential: "cookie", origins, fetch });
    await open().whenReady();
    const session = open();
    const refusedCall = () => session.fetch("https://api.example/me");
    await refusedCall();
    expect(refresh).toHaveBeenCalledTimes(1);
    await refusedCall();
    expect(refresh).toHaveBeenCalledTimes(2);
    // That was the endpoint's own answer: refused again, it is not asked for another.
    await refusedCall();
    expect(refresh).toHaveBeenCalledTimes(2);
  });
});

describe("sessions and tabs whose renewals were long ago", () => {
  const API = "https://api.example";

  const ENDPOINT = `${API}/refresh`;

  /** A session that is disposed of while its request is on its way, and one made anew: the token that this one is given. */
  async function succeeded(
    tab: ManualPlatform,
    answer: Deferred<void>,
    open: (which: number) => AuthSession,
  ): Promise<string> {
    const first = open(0);
    first.getToken().catch(() => {});
    await settled();
    tab.chance = 0.2;
    first.dispose();
    const token = open(1).getToken();
    await settled();
    answer.resolve();
    await tab.advance(1_000);
    return token;
  }

  it.each([1, 2])(
    "B2 B14 2.2 a refused cookie is renewed, though another has renewed one a quarter of an hour ago: %i pages",
    async (pages) => {
      const leases = new MemoryLeases();
      let isGood = true;
      const refresh = vi.fn(async () => {
        isGood = true;
        return "renewed";
      });
      const fetch = async () => new Response(null, { status: isGood ? 200 : 401 });
      const first = openTab(leases, 0.1);
      const tabs = [first, pages === 1 ? first : openTab(leases, 0.2)];
      const sessions = tabs.map((tab) =>
        sessionIn(tab, { refresh, credential: "cookie", origins: [API], fetch }),
      );
      for (let round = 0; round < 8; round++) {
        for (const tab of new Set(tabs)) await tab.advance(15 * 60_000);
        isGood = false;
        const session = sessions[[0, 1, 0, 0, 1, 1, 0, 1][round] ?? 0];
        expect((await session?.fetch(`${API}/me`))?.status).toBe(200);
      }
      expect(refresh).toHaveBeenCalledTimes(8);
    },
  );

  it("B7 2.2 a refused token costs a refresh, and a forced one too, though a session of the page has refreshed before", async () => {
    const tab = openTab(new MemoryLeases());
    let issued = 0;
    const refresh = vi.fn(async () => timedToken(tab.now(), LIFETIME, { sub: "alice", jti: `${++issued}` }));
    const [one, two] = [0, 1].map(() => sessionIn(tab, { refresh, store: memoryStore() }));
    const rejected = await two?.getToken();
    await tab.advance(20_000);
    await one?.getToken({ forceRefresh: true });
    await tab.advance(20_000);
    const calls = refresh.mock.calls.length;
    await two?.getToken({ rejected });
    expect(refresh).toHaveBeenCalledTimes(calls + 1);
    await tab.advance(20_000);
    await one?.getToken({ forceRefresh: true });
    expect(refresh).toHaveBeenCalledTimes(calls + 2);
  });

  it("B2 two accounts of one endpoint, which headers tell apart, stay strangers", async () => {
    const tab = openTab(new MemoryLeases());
    const answer = deferred<void>();
    const accounts = ["alice", "bob"];
    const fetch: typeof globalThis.fetch = async (_, init) => {
      await answer.promise;
      const sub = new Headers(init?.headers).get("X-Account") ?? "";
      return Response.json({ token: timedToken(tab.now(), LIFETIME, { sub }) });
    };
    const sessions = accounts.map((account) => {
      const refresh = { url: ENDPOINT, headers: () => ({ "X-Account": account }) };
      const session = new AuthSession({ refresh, fetch, store: memoryStore() }, tab);
      onTestFinished(() => session.dispose());
      return session;
    });
    const ready = Promise.all(sessions.map((session) => session.whenReady()));
    await settled();
    answer.resolve();
    expect((await ready).map(({ subject }) => subject)).toEqual(accounts);
  });

  it("B2 B22 a successor takes over what a request with a refresh token brings, though its headers differ each time", async () => {
    const tab = openTab(new MemoryLeases());
    const answer = deferred<void>();
    const sent: unknown[] = [];
    const fetch: typeof globalThis.fetch = async (_, init) => {
      sent.push(JSON.parse(`${init?.body}`).refreshToken);
      await answer.promise;
      return Response.json({ token: "fresh", refreshToken: "r1" });
    };
    let calls = 0;
    const open = () => {
      const refresh = {
        url: ENDPOINT,
        headers: () => ({ "X-Request-Id": `${++calls}` }),
      };
      const store = memoryStore({ accessToken: timedToken(tab.now() - LIFETIME, 1_000), refreshToken: "r0" });
      const session = new AuthSession({ refresh, fetch, store }, tab);
      onTestFinished(() => session.dispose());
      return session;
    };
    expect(await succeeded(tab, answer, open)).toBe("fresh");
    expect(sent).toEqual(["r0"]);
  });

  it("B2 B22 so it does where each has a `refresh` function of its own", async () => {
    const tab = openTab(new MemoryLeases());
    const answer = deferred<void>();
    const sent: unknown[] = [];
    const open = () => {
      const refresh = async ({ refreshToken }: { refreshToken?: string | undefined }) => {
        sent.push(refreshToken);
        await answer.promise;
        return { accessToken: "fresh", refreshToken: "r1" };
      };
      const store = memoryStore({ accessToken: timedToken(tab.now() - LIFETIME, 1_000), refreshToken: "r0" });
      const session = new AuthSession({ refresh, store }, tab);
      onTestFinished(() => session.dispose());
      return session;
    };
    expect(await succeeded(tab, answer, open)).toBe("fresh");
    expect(sent).toEqual(["r0"]);
  });

  it("B2 two tenants are strangers, whose headers tell them apart, also under one name", async () => {
    const tab = openTab(new MemoryLeases());
    const answer = deferred<void>();
    const fetch: typeof globalThis.fetch = async (_, init) => {
      await answer.promise;
      return Response.json({ token: `${new Headers(init?.headers).get("X-Tenant")}'s` });
    };
    const open = (which: number) => {
      const refresh = { url: ENDPOINT, headers: { "X-Tenant": ["acme", "globex"][which] ?? "" } };
      return sessionIn(tab, { refresh, fetch, store: memoryStore() });
    };
    expect(await succeeded(tab, answer, open)).toBe("globex's");
  });

  it("B2 sessions of one name take over from each other, whatever headers they send", async () => {
    const tab = openTab(new MemoryLeases());
    const answer = deferred<void>();
    let csrf = 1;
    const sent: unknown[] = [];
    const fetch: typeof globalThis.fetch = async (_, init) => {
      sent.push(new Headers(init?.headers).get("X-CSRF-Token"));
      await answer.promise;
      csrf++;
      return Response.json({ token: "fresh" });
    };
    const open = () => {
      const refresh = { url: ENDPOINT, headers: () => ({ "X-CSRF-Token": `${csrf}` }) };
      return sessionIn(tab, { refresh, fetch, store: memoryStore() });
    };
    expect(await succeeded(tab, answer, open)).toBe("fresh");
    expect(sent).toEqual(["1"]);
  });

  it("B9 B22 one error of the database at the end of a turn does not cost the new token", async () => {
    const leases = new MemoryLeases();
    leases.change(NAME, { generation: 7 });
    const tab = openTab(leases);
    const desk = new RefreshDesk();
    const store = webStorageStore("authToken", new MapStorage());
    await store.save({ accessToken: timedToken(tab.now(), LIFETIME), refreshToken: "r0" });
    const session = sessionIn(tab, { refresh: desk.refresh, store });
    const forced = session.getToken({ forceRefresh: true });
    const turn = await desk.turn(1);
    const update = vi.spyOn(leases, "update").mockRejectedValue(new DOMException("lost", "UnknownError"));
    turn.resolve({ accessToken: "fresh", refreshToken: "r1" });
    await settled();
    update.mockRestore();
    await tab.advance(20_000);
    expect(await forced).toBe("fresh");
    expect(await store.load()).toMatchObject({ refreshToken: "r1" });
    expect(desk.turns).toHaveLength(1);
  });

  it("B9 B10 one error of the database is no news of other tabs", async () => {
    const leases = new MemoryLeases();
    const tab = openTab(leases);
    leases.change(NAME, { generation: 9, epoch: 7, signedOut: true, at: tab.now() - LIFETIME });
    const refresh = vi.fn(async () => timedToken(tab.now(), LIFETIME, { sub: "alice" }));
    const session = sessionIn(tab, { refresh, store: memoryStore() });
    await session.whenReady();
    onTestFinished(holdToken(session));
    const statuses: string[] = [];
    session.subscribe(({ status }) => statuses.push(status));
    const update = vi.spyOn(leases, "update");
    update.mockRejectedValueOnce(new DOMException("lost", "UnknownError"));
    await session.getToken({ forceRefresh: true });
    update.mockRestore();
    leases.tell();
    await settled();
    await session.getToken({ forceRefresh: true });
    expect(new Set(statuses)).toEqual(new Set(["refreshing", "signedIn"]));
  });

  it("B2 sessions of a page take turns where the database of leases fails", async () => {
    const tab = openTab(new MemoryLeases());
    tab.board = {
      update: () => Promise.reject(new DOMException("denied", "InvalidStateError")),
      subscribe: () => () => {},
      hold: () => () => {},
      isLeft: () => false,
    };
    const desk = new RefreshDesk();
    const open = () => sessionIn(tab, { name: "failing", refresh: desk.refresh, store: memoryStore() });
    const first = open();
    void first.whenReady().catch(() => {});
    const turn = await desk.turn(1);
    first.dispose();
    tab.chance = 0.2;
    const ready = open().whenReady();
    await settled();
    turn.resolve("fresh");
    await tab.advance(1_000);
    expect((await ready).status).toBe("signedIn");
    expect(desk.turns).toHaveLength(1);
  });
});

describe("tabs whose server knows the user by a cookie", () => {
  function cookieTab(leases: MemoryLeases, chance: number, answers: (tab: ManualPlatform) => unknown) {
    const tab = openTab(leases, chance);
    const refresh = vi.fn(async () => answers(tab) as TokenSet);
    return { tab, refresh, session: sessionIn(tab, { credential: "cookie", refresh }) };
  }
  const lasting = (tab: ManualPlatform) => ({ accessToken: "", expiresAt: tab.now() + LIFETIME });

  it("B2 a renewal that another tab made long ago lasts no longer than that", async () => {
    const leases = new MemoryLeases();
    const [one, two] = [cookieTab(leases, 0.1, lasting), cookieTab(leases, 0.2, lasting)];
    await one.session.whenReady();
    await Promise.all([one, two].map(({ tab }) => tab.advance(6_000)));
    await two.session.whenReady();
    two.session.dispose();
    onTestFinished(holdToken(one.session));
    const before = one.refresh.mock.calls.length;
    await one.tab.advance(LIFETIME);
    expect(one.refresh.mock.calls.length).toBeGreaterThan(before);
  });

  it("B2 B4 four tabs renew no more often than one, since what is left of another's renewal is not its lifetime", async () => {
    const leases = new MemoryLeases();
    const tabs = [0.1, 0.4, 0.7, 0.9].map((chance) => cookieTab(leases, chance, lasting));
    for (const { session } of tabs) {
      await session.whenReady();
      onTestFinished(holdToken(session));
    }
    const renewals = () => tabs.reduce((sum, { refresh }) => sum + refresh.mock.calls.length, 0);
    const before = renewals();
    const [hours, step] = [3 * 3_600_000, 5_000];
    for (let passed = 0; passed < hours; passed += step) for (const { tab } of tabs) await tab.advance(step);
    // A minute of leeway, and all of the jitter.
    expect(renewals() - before).toBeLessThanOrEqual(hours / (LIFETIME - 60_000 - LIFETIME / 10 - step));
  });

  it("B16 who signs in elsewhere is asked for, also right after a renewal", async () => {
    const leases = new MemoryLeases();
    let subject = "alice";
    const named = (tab: ManualPlatform) => ({ ...lasting(tab), subject });
    const [one, two] = [cookieTab(leases, 0.1, named), cookieTab(leases, 0.2, named)];
    await one.session.whenReady();
    await Promise.all([one, two].map(({ tab }) => tab.advance(6_000)));
    await two.session.whenReady();
    onTestFinished(holdToken(two.session));
    subject = "bob";
    await one.session.signIn();
    await settled();
    await two.tab.advance(30_000);
    expect(two.session.state).toMatchObject({ subject: "bob" });
  });

  it("B16 B23 who signs in elsewhere is asked for, though each page counts its renewals from one", async () => {
    const leases = new MemoryLeases();
    let subject = "alice";
    const open = async (chance: number) => {
      vi.resetModules();
      const page = await import("../../src/client/auth-session.ts");
      const refresh = async () => ({ accessToken: "", subject });
      const session = new page.AuthSession(
        { name: NAME, credential: "cookie", refresh },
        openTab(leases, chance),
      );
      onTestFinished(() => session.dispose());
      return session;
    };
    const here = await open(0.1);
    await here.whenReady();
    onTestFinished(holdToken(here));
    subject = "bob";
    await (await open(0.2)).signIn();
    await settled();
    expect(here.state).toMatchObject({ subject: "bob" });
  });

  it("B2 a session that is made anew while its predecessor asks who is signed in sends no request", async () => {
    const tab = openTab(new MemoryLeases());
    const desk = new RefreshDesk();
    const open = () => sessionIn(tab, { credential: "cookie", refresh: desk.refresh });
    const first = open();
    first.whenReady().catch(() => {});
    const turn = await desk.turn(1);
    tab.chance = 0.2;
    first.dispose();
    const ready = open().whenReady();
    await settled();
    turn.resolve("yes");
    await tab.advance(1_000);
    expect((await ready).status).toBe("signedIn");
    expect(desk.turns).toHaveLength(1);
  });

  it("B10 a page that is opened right after a sign-out asks whether somebody is signed in", async () => {
    const leases = new MemoryLeases();
    const [one, two] = [cookieTab(leases, 0.1, lasting), cookieTab(leases, 0.2, () => null)];
    await one.session.whenReady();
    await one.session.signOut();
    await settled();
    expect((await two.session.whenReady()).status).toBe("signedOut");
    expect(two.refresh).toHaveBeenCalledOnce();
  });
});

describe("a sign-in in one tab", () => {
  it("B16 B22 signIn() without tokens whose request another tab's sign-in preempts brings whom its next one brings", async () => {
    const leases = new MemoryLeases();
    const tabs = [openTab(leases, 0.1), openTab(leases, 0.2)] as const;
    const issue = (sub: string) => timedToken(tabs[0].now(), LIFETIME, { sub });
    const desk = new RefreshDesk();
    const held = () => memoryStore({ accessToken: issue("alice") });
    const here = sessionIn(tabs[0], { ...desk, store: held() });
    const there = sessionIn(tabs[1], { refresh: async () => issue("bob"), store: held() });
    for (const session of [here, there]) await session.getToken();
    await settled();
    const signedIn = here.signIn();
    const preempted = await desk.turn(1);
    await there.signIn({ accessToken: "alice's next", subject: "alice" });
    preempted.resolve(issue("bob"));
    (await desk.turn(2)).resolve(issue("bob"));
    await signedIn;
    await settled();
    expect([here, there].map(({ state }) => state.subject)).toEqual(["bob", "bob"]);
  });

  it("B16 signIn() without tokens is another sign-in than the last user's", async () => {
    const tab = openTab(new MemoryLeases());
    const store = webStorageStore("authToken", new MapStorage());
    const refresh = vi.fn(async () => `bob's ${refresh.mock.calls.length}`);
    const session = sessionIn(tab, { refresh, store });
    const stored = async () => (await store.load())?.signInId;
    await session.signIn("alice's");
    const first = await stored();
    await session.signOut();
    await tab.advance(1_000);
    await session.signIn();
    expect(await stored()).not.toBe(first);
  });

  it("B16 another user whom signIn() without tokens brings is told to the others, also where a listener refreshes at once", async () => {
    const leases = new MemoryLeases();
    const tabs = [openTab(leases, 0.1), openTab(leases, 0.2)] as const;
    let sub = "alice";
    const [here, there] = tabs.map((tab) => {
      const refresh = async () => timedToken(tab.now(), LIFETIME, { sub });
      return sessionIn(tab, { refresh, store: memoryStore() });
    }) as [AuthSession, AuthSession];
    for (const session of [here, there]) await session.getToken();
    onTestFinished(holdToken(there));
    for (const tab of tabs) await tab.advance(20_000); // B27
    sub = "bob";
    const unsubscribe = here.subscribe(({ status, subject }) => {
      if (status !== "signedIn" || subject !== sub) return;
      unsubscribe();
      void here.getToken({ forceRefresh: true });
    });
    await here.signIn();
    await settled();
    expect(there.state).toMatchObject({ status: "signedIn", subject: "bob" });
  });

  it("B2 B27 where each refresh names another guest, two tabs do not set each other off", async () => {
    const leases = new MemoryLeases();
    let guests = 0;
    const tabs = [0.1, 0.2].map((chance) => {
      const tab = openTab(leases, chance);
      const refresh = vi.fn(async () => timedToken(tab.now(), LIFETIME, { sub: `guest ${++guests}` }));
      const session = sessionIn(tab, { refresh, store: memoryStore() });
      return { tab, refresh, session };
    });
    for (const { session } of tabs) await session.getToken();
    for (const { session } of tabs) onTestFinished(holdToken(session));
    // It was asked for by another guest.
    await expect(tabs[0]?.session.getToken({ forceRefresh: true })).rejects.toMatchObject({
      code: "user_changed",
    });
    for (let second = 0; second < 60; second++) {
      for (const { tab } of tabs) await tab.advance(1_000);
    }
    expect(tabs.map(({ refresh }) => refresh.mock.calls.length)).toEqual([2, 1]);
  });

  it("B23 signIn() without tokens reaches the other tabs, also from a page that has just been loaded", async () => {
    const leases = new MemoryLeases();
    const [first, second] = [openTab(leases, 0.1), openTab(leases, 0.2)];
    let user: string | null = null;
    const open = (tab: ManualPlatform) =>
      sessionIn(tab, {
        refresh: async () => user && timedToken(tab.now(), LIFETIME, { sub: user }),
        store: memoryStore(),
      });
    const there = open(second);
    expect((await there.whenReady()).status).toBe("signedOut");
    user = "alice";
    await open(first).signIn();
    await settled();
    expect((await there.whenReady()).status).toBe("signedIn");
  });

  it("B16 whose token names nobody is not taken for the last user's, where he was named", async () => {
    const leases = new MemoryLeases();
    const [first, second] = [openTab(leases, 0.1), openTab(leases, 0.2)];
    const open = (tab: ManualPlatform) => {
      const refresh = vi.fn(async () => "bob's");
      const accessToken = timedToken(tab.now(), LIFETIME);
      return { refresh, session: sessionIn(tab, { refresh, store: memoryStore({ accessToken }) }) };
    };
    const [here, there] = [open(first), open(second)];
    await Promise.all([here.session.getToken(), there.session.getToken()]);
    await here.session.signIn("opaque");
    await settled();
    expect(there.refresh).toHaveBeenCalledOnce();
  });

  it("B23 that an SDK announces in every tab costs no refresh, though the token names nobody", async () => {
    const leases = new MemoryLeases();
    const tabs = [0.1, 0.2, 0.3].map((chance) => {
      const refresh = vi.fn(async () => "refreshed");
      return { refresh, session: sessionIn(openTab(leases, chance), { refresh, store: memoryStore() }) };
    });
    for (const { session } of tabs) expect(session.state.status).toBe("unknown");
    await settled();
    for (const { session } of tabs) {
      await session.signIn("token");
      await settled();
    }
    for (const { session } of tabs) expect(session.token).toBe("token");
    for (const { refresh } of tabs) expect(refresh).not.toHaveBeenCalled();
  });

  it("B23 with the same access token and another refresh token is seen in the others", async () => {
    const leases = new MemoryLeases();
    const storage = new MapStorage();
    const [one, two] = [0.1, 0.2].map((chance) => {
      const refresh = vi.fn(async () => "fresh");
      const store = webStorageStore("authToken", storage);
      return { refresh, session: sessionIn(openTab(leases, chance), { refresh, store }) };
    });
    await one?.session.signIn({ accessToken: "same", refreshToken: "first" });
    await two?.session.getToken();
    await one?.session.signIn({ accessToken: "same", refreshToken: "second" });
    await settled();
    await two?.session.getToken({ forceRefresh: true });
    expect(two?.refresh).toHaveBeenCalledWith(expect.objectContaining({ refreshToken: "second" }));
  });

  it("B9 B10 is told of, and a sign-out too, though the store hangs", async () => {
    const leases = new MemoryLeases();
    const [first, second] = [openTab(leases, 0.1), openTab(leases, 0.2)];
    const open = (tab: ManualPlatform, clear?: () => Promise<void>) => {
      const store = memoryStore({ accessToken: timedToken(tab.now(), LIFETIME) });
      return sessionIn(tab, { refresh: async () => null, store: { ...store, ...(clear && { clear }) } });
    };
    const here = open(first, () => new Promise(() => {}));
    const there = open(second);
    await Promise.all([here.getToken(), there.getToken()]);
    here.signOut().catch(() => {});
    await settled();
    expect(there.state.status).toBe("signedOut");
  });

  it("B10 a source that hands out its refresh token, too, still shares its sign-outs", async () => {
    const leases = new MemoryLeases();
    const [one, two] = [0.1, 0.2].map((chance) => {
      const tab = openTab(leases, chance);
      const accessToken = timedToken(tab.now(), LIFETIME);
      return sessionIn(tab, { source: { get: () => ({ accessToken, refreshToken: `its own ${chance}` }) } });
    });
    await Promise.all([one?.getToken(), two?.getToken()]);
    await one?.signOut();
    await settled();
    expect(two?.state.status).toBe("signedOut");
  });
});

describe("cookie tabs whose session another one has renewed", () => {
  const API = "https://api.test";
  const refused = async () => new Response(null, { status: 401 });

  function open(leases: MemoryLeases, chance: number, answer: () => string) {
    const tab = openTab(leases, chance);
    const refresh = vi.fn(async () => ({
      accessToken: "",
      subject: answer(),
      expiresAt: tab.now() + LIFETIME,
    }));
    const session = sessionIn(tab, { credential: "cookie", refresh, origins: [API], fetch: refused });
    return { tab, refresh, session };
  }

  it("2.1 a page that is opened just then finds out whose it is, and when it ends", async () => {
    const leases = new MemoryLeases();
    const tabs = [0.1, 0.2].map((chance) => open(leases, chance, () => "alice"));
    for (const { session } of tabs) await session.whenReady();
    for (const { session, tab } of tabs)
      expect(session.state).toEqual({
        status: "signedIn",
        subject: "alice",
        expiresAt: tab.now() + LIFETIME,
      });
  });

  it("B16 asks whose the cookie is until it knows, however often the answer fails and the other renews", async () => {
    const leases = new MemoryLeases();
    let subject = "alice";
    let isDown = false;
    const one = open(leases, 0.1, () => subject);
    const two = open(leases, 0.2, () => {
      if (isDown) throw Object.assign(new Error("down"), { status: 503 });
      return subject;
    });
    await one.session.whenReady();
    await two.session.whenReady();
    onTestFinished(holdToken(two.session));
    for (const { tab } of [one, two]) await tab.advance(20_000);
    subject = "bob";
    isDown = true;
    await one.session.signIn();
    await settled();
    expect(two.session.state.status).toBe("waiting");
    await one.session.fetch(`${API}/me`); // refused, and so renewed
    isDown = false;
    await two.tab.advance(60_000);
    expect(two.session.state).toMatchObject({ status: "signedIn", subject: "bob" });
  });
});

describe("tabs and sessions that lag behind", () => {
  it("2.4 B10 a tab that was frozen does not undo the sign-out of its identity SDK's user", async () => {
    vi.stubGlobal("localStorage", new MapStorage());
    const leases = new MemoryLeases();
    const [here, there] = [openTab(leases, 0.1), openTab(leases, 0.2)];
    const held = { token: timedToken(here.now(), LIFETIME) };
    const source: TokenSource = { get: async () => held.token };
    const one = sessionIn(here, { source });
    const two = sessionIn(there, { source });
    await Promise.all([one.whenReady(), two.whenReady()]);
    onTestFinished(holdToken(two));
    there.board = Object.assign(Object.create(leases), { update: () => new Promise(() => {}) });
    await one.signOut();
    held.token = timedToken(here.now() + 1_000, LIFETIME);
    await there.advance(LIFETIME * 0.97);
    expect(two.state.status).toBe("signedOut");
    expect((await sessionIn(openTab(leases, 0.3), { source }).whenReady()).status).toBe("signedOut");
  });

  it("B2 a second session of the page with the same refresh token takes over what the first has got since", async () => {
    const tab = openTab(new MemoryLeases());
    const sent: unknown[] = [];
    const refresh = async ({ refreshToken }: { refreshToken?: string | undefined }) => {
      if (refreshToken !== `r${sent.push(refreshToken) - 1}`)
        throw Object.assign(new Error("reuse"), { status: 401 });
      return { accessToken: timedToken(tab.now(), LIFETIME), refreshToken: `r${sent.length}` };
    };
    const tokens = { accessToken: timedToken(tab.now(), LIFETIME), refreshToken: "r0" };
    const [busy, idle] = [0, 1].map(() => sessionIn(tab, { refresh, store: memoryStore(tokens) }));
    if (!busy || !idle) throw new Error("two sessions were opened");
    await idle.getToken();
    onTestFinished(holdToken(busy));
    await tab.advance(LIFETIME * 2);
    await idle.getToken();
    expect(idle.token).toBe(busy.token);
    expect(sent).toEqual(["r0", "r1"]);
  });

  it("B9 B22 a database that hangs as a turn begins, and answers as it ends, does not cost the new token", async () => {
    const leases = new MemoryLeases();
    const tab = openTab(leases);
    leases.change(NAME, { generation: 7, token: 42, at: tab.now() - LIFETIME });
    const desk = new RefreshDesk();
    const store = webStorageStore("authToken", new MapStorage());
    await store.save({ accessToken: timedToken(tab.now(), LIFETIME), refreshToken: "r0" });
    const session = sessionIn(tab, { refresh: desk.refresh, store });
    await session.getToken();
    leases.isWorking = false;
    const forced = session.getToken({ forceRefresh: true });
    await tab.advance(3_000);
    const turn = await desk.turn(1);
    leases.isWorking = true;
    const accessToken = timedToken(tab.now(), LIFETIME, { jti: 1 });
    turn.resolve({ accessToken, refreshToken: "r1" });
    expect(await forced).toBe(accessToken);
    expect(await store.load()).toMatchObject({ accessToken, refreshToken: "r1" });
  });

  it("B16 users who are numbered by the option `subject` are told apart", async () => {
    const leases = new MemoryLeases();
    const subject = ((claims: { account: number }) => claims.account) as unknown as (
      claims: object,
    ) => string;
    let account = 1;
    const open = (chance: number) => {
      const tab = openTab(leases, chance);
      const refresh = async () => timedToken(tab.now(), LIFETIME, { account });
      return { tab, session: sessionIn(tab, { refresh, store: memoryStore(), subject }) };
    };
    const [one, two] = [open(0.1), open(0.2)];
    await Promise.all([one.session.getToken(), two.session.getToken()]);
    onTestFinished(holdToken(two.session));
    for (const { tab } of [one, two]) await tab.advance(20_000);
    account = 2;
    await one.session.signIn(timedToken(one.tab.now(), LIFETIME, { account }));
    await settled();
    await two.tab.advance(60_000);
    expect(two.session.state).toMatchObject({ status: "signedIn", subject: "2" });
  });

  it("section 2: signIn() on the page that a login has loaded reaches the tabs that are signed out, once it has refreshed, too", async () => {
    const leases = new MemoryLeases();
    const open = (chance: number) => {
      const tab = openTab(leases, chance);
      return sessionIn(tab, { refresh: async () => timedToken(tab.now(), LIFETIME), store: memoryStore() });
    };
    const other = open(0.1);
    await other.getToken();
    await other.signOut();
    const loaded = open(0.2);
    await loaded.getToken();
    await settled();
    expect(other.state.status).toBe("signedOut");
    await loaded.signIn();
    await settled();
    expect(other.state.status).toBe("unknown");
    expect((await other.whenReady()).status).toBe("signedIn");
  });
});
