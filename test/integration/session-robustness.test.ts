import { AuthSession, memoryStore, type Refresh, type TokenSet, type TokenStore } from "authsocket";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { deferred } from "../support/deferred.ts";
import { ManualPlatform } from "../support/manual-platform.ts";
import { MemoryLeases } from "../support/memory-leases.ts";
import { RefreshDesk } from "../support/refresh-desk.ts";
import { untilStatus } from "../support/states.ts";
import { StoreDesk } from "../support/store-desk.ts";
import { holdToken } from "../support/token-holder.ts";

const unhandled: unknown[] = [];
const heard = (reason: unknown) => unhandled.push(reason);

beforeEach(() => {
  unhandled.length = 0;
  process.on("unhandledRejection", heard);
});

afterEach(async () => {
  // Node tells of a rejection nobody handled when the microtasks are done.
  await new Promise(setImmediate);
  process.off("unhandledRejection", heard);
  expect(unhandled).toEqual([]);
});

function newSession(refresh: Refresh, store: TokenStore = memoryStore()) {
  const platform = new ManualPlatform();
  return { platform, session: new AuthSession({ refresh, store }, platform) };
}

/** A working store, some methods of which are replaced. */
function storeWith(methods: Partial<TokenStore>, held?: TokenSet): TokenStore {
  return { ...memoryStore(held), ...methods };
}

/** What a promise library of old may hand out. */
function thenable(
  then: (resolve: (token: string) => void, reject: (error: Error) => void) => void,
): Promise<string> {
  return { then } as unknown as Promise<string>;
}

const never = () => new Promise<never>(() => {});
const fail = () => {
  throw new Error("out of order");
};
const reject = () => Promise.reject(new Error("out of order"));

describe("a refresh function that misbehaves", () => {
  it("B22 one that hangs is told of after refreshTimeout, given up 30 s later, and tried again", async () => {
    const desk = new RefreshDesk();
    const { session, platform } = newSession(desk.refresh);
    holdToken(session);
    const { context } = await desk.turn(1);
    await platform.advance(9_999);
    expect(session.state.status).toBe("refreshing");
    expect(context.signal.aborted).toBe(false);
    platform.chance = 0.5;
    await platform.advance(1);
    expect(session.state).toMatchObject({ status: "waiting", error: { code: "refresh_timeout" } });
    await platform.advance(29_999); // B22: its answer may still come
    expect(context.signal.aborted).toBe(false);
    expect(desk.turns).toHaveLength(1);
    await platform.advance(1);
    expect(context.signal.aborted).toBe(true);
    await platform.advance(1_000);
    (await desk.turn(2)).resolve("fresh");
    expect((await untilStatus(session, "signedIn")).status).toBe("signedIn");
  });

  it("B22 an answer that comes after the timeout is taken", async () => {
    const desk = new RefreshDesk();
    const { session, platform } = newSession(desk.refresh);
    const token = session.getToken();
    const late = await desk.turn(1);
    await Promise.all([
      expect(token).rejects.toMatchObject({ code: "refresh_timeout" }),
      platform.advance(10_000),
    ]);
    late.resolve("late");
    await platform.advance(0);
    expect(session.state.status).toBe("signedIn");
    expect(await session.getToken()).toBe("late");
    expect(desk.turns).toHaveLength(1);
  });

  it("B22 a refusal that comes after the timeout is taken: nobody is signed in", async () => {
    const desk = new RefreshDesk();
    const { session, platform } = newSession(desk.refresh);
    const token = session.getToken();
    const late = await desk.turn(1);
    await Promise.all([
      expect(token).rejects.toMatchObject({ code: "refresh_timeout" }),
      platform.advance(10_000),
    ]);
    late.reject(Object.assign(new Error(), { status: 401 }));
    await platform.advance(0);
    expect(session.state).toEqual({ status: "signedOut" });
  });

  it("B9 the first of two answers counts", async () => {
    const twice = thenable((resolve, reject) => {
      resolve("first");
      resolve("second");
      reject(new Error("third"));
    });
    const { session } = newSession(() => twice);
    expect(await session.getToken()).toBe("first");
    expect(await session.getToken()).toBe("first");
    expect(session.state.status).toBe("signedIn");
  });

  it("B9 an answer that is no promise is an answer", async () => {
    const { session } = newSession((() => "at once") as unknown as Refresh);
    expect(await session.getToken()).toBe("at once");
  });

  it.each<[string, () => unknown]>([
    ["throws", fail],
    ["rejects", reject],
    ["rejects with nothing", () => Promise.reject()],
    ["rejects with null", () => Promise.reject(null)],
    ["rejects with a string", () => Promise.reject("out of order")],
    [
      "answers an object whose token cannot be read",
      async () => ({
        get accessToken() {
          return fail();
        },
      }),
    ],
    [
      "rejects with an error whose status cannot be read",
      () =>
        Promise.reject({
          get status() {
            return fail();
          },
        }),
    ],
    ["rejects with an error that cannot be read at all", () => Promise.reject(new Proxy({}, { get: fail }))],
    ["answers a thenable that throws", () => thenable(fail)],
  ])("B9 one that %s is a transient failure", async (_, refresh) => {
    const { session, platform } = newSession(refresh as Refresh);
    const token = session.getToken().then(
      () => "a token",
      (error) => error.code,
    );
    await platform.advance(0);
    expect(session.state.status).toBe("waiting");
    expect(await token).toMatch(/refresh_failed|invalid_response/);
  });

  it("T21 whatever a refresh function answers, the session settles and holds a string or nothing", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.anything(),
          fc.record({
            accessToken: fc.anything(),
            refreshToken: fc.anything(),
            subject: fc.anything(),
            expiresAt: fc.anything(),
          }),
        ),
        async (answer) => {
          const { session, platform } = newSession(async () => answer as string);
          const outcome = session.getToken().then(
            (token) => typeof token,
            () => "no token",
          );
          await platform.advance(0);
          expect(await outcome).toMatch(/string|no token/);
          expect(["signedIn", "signedOut", "waiting"]).toContain(session.state.status);
          session.dispose();
        },
      ),
    );
  });

  it("T19 a refreshTimeout beyond 2^31 ms is not over at once", async () => {
    const desk = new RefreshDesk();
    const platform = new ManualPlatform();
    const session = new AuthSession(
      { ...desk, store: memoryStore(), refreshTimeout: Number.POSITIVE_INFINITY },
      platform,
    );
    holdToken(session);
    await platform.advance(60_000);
    expect(session.state.status).toBe("refreshing");
  });
});

describe("a store that misbehaves", () => {
  /** How nobody is signed in any more. */
  const waysOut: [string, (session: AuthSession, leases: MemoryLeases) => Promise<unknown>][] = [
    ["the session's end", (session) => session.getToken({ forceRefresh: true }).catch(() => {})],
    [
      "a sign-out elsewhere",
      async (_, leases) => {
        leases.change("default", { epoch: leases.of("default").epoch + 1, signedOut: true });
        leases.tell();
      },
    ],
  ];

  it.each<[string, Partial<TokenStore>]>([
    ["load throws", { load: fail }],
    ["load rejects", { load: reject }],
    ["save throws", { save: fail }],
    ["save rejects", { save: reject }],
    [
      "load answers an unreadable object",
      {
        load: () =>
          ({
            get accessToken() {
              return fail();
            },
          }) as unknown as TokenSet,
      },
    ],
    [
      "load resolves to an unreadable object",
      {
        load: async () =>
          ({
            get accessToken() {
              return fail();
            },
          }) as unknown as TokenSet,
      },
    ],
  ])(
    "B9 where %s, the session goes on from memory with the warning storage_unavailable",
    async (_, methods) => {
      let refreshes = 0;
      const { session, platform } = newSession(async () => `token-${++refreshes}`, storeWith(methods));
      const first = session.getToken();
      await platform.advance(0);
      expect(await first).toBe("token-1");
      expect(await session.getToken()).toBe("token-1");
      await platform.advance(0);
      expect(session.state).toMatchObject({ status: "signedIn", warning: { code: "storage_unavailable" } });
    },
  );

  it.each<[string, Partial<TokenStore>]>([
    ["signedOut throws", { signedOut: fail }],
    ["signedOut rejects", { signedOut: reject }],
    ["subscribe throws", { subscribe: fail }],
    ["subscribe rejects", { subscribe: reject as unknown as () => () => void }],
  ])("B9 where %s, tokens are kept all the same", async (_, methods) => {
    const store = storeWith(methods);
    const { session, platform } = newSession(async () => "fresh", store);
    const token = session.getToken();
    await platform.advance(0);
    expect(await token).toBe("fresh");
    expect(store.load()).toEqual({ accessToken: "fresh", signInId: expect.any(String) });
  });

  it("B9 a store that hangs holds up a token for refreshTimeout, once", async () => {
    const { session, platform } = newSession(async () => "fresh", storeWith({ load: never }));
    const token = session.getToken();
    expect(session.state).toEqual({ status: "unknown" });
    await platform.advance(10_000);
    expect(await token).toBe("fresh");
    expect(session.state).toMatchObject({ status: "signedIn", warning: { code: "storage_unavailable" } });
  });

  it("B9 a store that hangs while written holds up neither tokens nor, for longer than refreshTimeout, signIn", async () => {
    const { session, platform } = newSession(async () => "fresh", storeWith({ save: never }));
    const done = session.signIn("mine");
    expect(await session.getToken()).toBe("mine");
    await platform.advance(10_000);
    await done;
    expect(session.state).toMatchObject({ status: "signedIn", warning: { code: "storage_unavailable" } });
  });

  it("B9 a clear that throws does not keep signOut from signing out", async () => {
    const { session } = newSession(reject, storeWith({ clear: fail }, { accessToken: "old" }));
    expect(await session.getToken()).toBe("old");
    await session.signOut();
    expect(session.state).toMatchObject({ status: "signedOut", warning: { code: "storage_unavailable" } });
    await expect(session.getToken()).rejects.toMatchObject({ code: "signed_out" });
  });

  it("B9 a clear that throws does not bring the token back where the store was never read before", async () => {
    const { session } = newSession(reject, storeWith({ clear: fail }, { accessToken: "old" }));
    await session.signOut();
    await expect(session.getToken()).rejects.toMatchObject({ code: "signed_out" });
  });

  it("B9 a store that can be read but not written does not bring an older user back over signIn", async () => {
    const { session } = newSession(reject, storeWith({ save: fail }, { accessToken: "of another user" }));
    await session.signIn("mine");
    expect(await session.getToken()).toBe("mine");
    expect(await session.getToken()).toBe("mine");
  });

  it("B9 a store that can be read but not written costs no refresh without end", async () => {
    const desk = new RefreshDesk();
    const { session } = newSession(desk.refresh, storeWith({ save: fail }, { accessToken: "old" }));
    expect(await session.getToken()).toBe("old");
    await session.signIn("mine");
    for (const fresh of ["first", "second"]) {
      const token = session.getToken({ forceRefresh: true });
      (await desk.turn(fresh === "first" ? 1 : 2)).resolve(fresh);
      expect(await token).toBe(fresh);
    }
    expect(desk.turns).toHaveLength(2);
  });

  /** One that has no room for another token than the one it holds. */
  function fullStore(held: TokenSet): TokenStore {
    return { ...memoryStore(held), save: fail };
  }

  it.each<[string, TokenSet]>([
    ["the SDK", { accessToken: "old", subject: "alice", signInId: "hers" }],
    ["other code", { accessToken: "old", subject: "alice" }],
  ])(
    "B6 B9 a session that has ended does not come back by a token of %s whose successor could not be saved",
    async (_, held) => {
      let fresh: TokenSet | null = { accessToken: "fresh", subject: "alice" };
      const store = fullStore(held);
      const { session } = newSession(async () => fresh, store);
      expect(await session.getToken()).toBe("old");
      expect(await session.getToken({ forceRefresh: true })).toBe("fresh");
      fresh = null;
      const expired = { code: "session_expired" };
      await expect(session.getToken({ forceRefresh: true })).rejects.toMatchObject(expired);
      await expect(session.getToken()).rejects.toMatchObject(expired);
      expect(store.load()).toBeNull();
    },
  );

  it.each(waysOut)(
    "B9 B16 %s does not bring the previous user back, whose token could not be overwritten",
    async (_, end) => {
      const bobs = { accessToken: "bob's", subject: "bob" };
      const store = fullStore(bobs);
      const { session, platform } = newSession(async () => null, store);
      const leases = new MemoryLeases();
      platform.board = leases;
      expect(await session.getToken()).toBe("bob's");
      await new Promise(setImmediate);
      await session.signIn({ accessToken: "alice's", subject: "alice" });
      await end(session, leases);
      await new Promise(setImmediate);
      await expect(session.getToken()).rejects.toBeDefined();
      expect(session.state.status).toBe("signedOut");
      expect(store.load()).toEqual(bobs);
    },
  );

  it("B9 the warning goes when the store works again", async () => {
    let full = true;
    const store = memoryStore();
    const { session } = newSession(
      reject,
      storeWith({ ...store, save: (tokens) => (full ? fail() : store.save(tokens)) }),
    );
    await session.signIn("first");
    expect(session.state.warning?.code).toBe("storage_unavailable");
    full = false;
    await session.signIn("second");
    expect(session.state).toEqual({ status: "signedIn" });
  });

  it("B9 a read that ends after a sign-out does not undo it", async () => {
    const store = new StoreDesk({ accessToken: "old" });
    const { session } = newSession(reject, store);
    const token = session.getToken();
    expect(store.turns).toHaveLength(1);
    const signedOut = session.signOut();
    await Promise.all([
      expect(token).rejects.toMatchObject({ code: "signed_out" }),
      store.answerAll(),
      signedOut,
    ]);
    expect(session.state.status).toBe("signedOut");
    expect(store.held).toBeNull();
  });

  it("B9 writes reach a slow store in their order", async () => {
    const store = new StoreDesk();
    const { session } = newSession(reject, store);
    const writes = [session.signIn("first"), session.signOut(), session.signIn("third")];
    expect(store.turns.map(({ method }) => method)).toEqual(["save"]);
    await Promise.all([...writes, store.answerAll()]);
    expect(store.held).toEqual({ accessToken: "third", signInId: expect.any(String) });
  });

  it("B9 B10 a save that is answered after its time is not repeated over a sign-out that came meanwhile", async () => {
    const store = memoryStore();
    const answer = deferred<void>();
    const save = (tokens: TokenSet) => {
      store.save(tokens);
      return answer.promise;
    };
    const { session, platform } = newSession(reject, { ...store, save });
    platform.board = new MemoryLeases();
    expect(session.state.status).toBe("unknown");
    await new Promise(setImmediate); // it has looked at the other tabs
    void session.signIn("mine");
    const signedOut = session.signOut();
    await platform.advance(10_000);
    await signedOut;
    answer.resolve();
    await new Promise(setImmediate);
    expect(store.load()).toBeNull();
    expect(await store.signedOut?.()).toBe(true);
    await expect(session.getToken()).rejects.toMatchObject({ code: "signed_out" });
  });

  it.each(waysOut)(
    "B9 B16 after %s, a load that is answered after its time takes no later sign-in's token",
    async (_, end) => {
      const store = memoryStore({ accessToken: "alice's" });
      const answer = deferred<void>();
      let isSlow = false;
      const load = () => {
        const held = store.load();
        // B6: who is refused looks into the store before it gives up.
        const isLate = isSlow && session.state.status !== "refreshing";
        return isLate ? answer.promise.then(() => held) : held;
      };
      const { session, platform } = newSession(async () => null, { ...store, load });
      const leases = new MemoryLeases();
      platform.board = leases;
      await session.getToken();
      const ended = end(session, leases);
      isSlow = true;
      await ended;
      await new Promise(setImmediate);
      expect(session.state.status).toBe("signedOut");
      const signedIn = session.signIn("bob's");
      await platform.advance(10_000);
      await signedIn;
      answer.resolve();
      await new Promise(setImmediate);
      expect(store.load()).toMatchObject({ accessToken: "bob's" });
    },
  );

  it("B9 a store that calls its listener while it is subscribed to is subscribed to once", async () => {
    let subscriptions = 0;
    const subscribe = (listener: () => void) => {
      // Bounded here, so that a failure is one and not a stack that overflows.
      if (++subscriptions < 5) listener();
      return () => {};
    };
    const { session } = newSession(async () => "fresh", storeWith({ subscribe }));
    expect(await session.getToken()).toBe("fresh");
    expect(subscriptions).toBe(1);
  });

  it.each(["before", "after"])(
    "B9 what ends a subscription may come as a promise, %s dispose()",
    async (when) => {
      const end = vi.fn();
      const answers: ((end: () => void) => void)[] = [];
      const subscribe = () => new Promise<() => void>((resolve) => answers.push(resolve));
      const { session } = newSession(
        async () => "fresh",
        storeWith({ subscribe: subscribe as unknown as () => () => void }),
      );
      await session.getToken();
      if (when === "after") session.dispose();
      for (const answer of answers) answer(end);
      await new Promise(setImmediate);
      session.dispose();
      expect(end).toHaveBeenCalledOnce();
    },
  );

  it("B9 a store that tells of its own writes too does not set off a loop", async () => {
    const listeners = new Set<() => void>();
    const store = memoryStore();
    let loads = 0;
    const { session } = newSession(
      async () => "fresh",
      storeWith({
        load: () => {
          loads++;
          return store.load();
        },
        save: (tokens) => {
          store.save(tokens);
          for (const listener of listeners) listener();
        },
        subscribe: (listener) => {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
      }),
    );
    expect(await session.getToken()).toBe("fresh");
    expect(loads).toBeLessThan(5);
  });

  it.each<[string, unknown]>([
    ["throws", () => fail],
    ["is no function", () => ({ unsubscribe: true })],
  ])("B9 dispose gets by a store whose undo %s", (_, subscribe) => {
    const { session } = newSession(reject, storeWith({ subscribe: subscribe as () => () => void }));
    expect(session.state.status).toBe("unknown");
    expect(() => session.dispose()).not.toThrow();
  });
});
