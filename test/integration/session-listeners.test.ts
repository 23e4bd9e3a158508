import { AuthSession, memoryStore, type SessionState } from "authsocket";
import { describe, expect, it, vi } from "vitest";
import { ManualPlatform } from "../support/manual-platform.ts";
import { RefreshDesk } from "../support/refresh-desk.ts";
import { timedToken } from "../support/unsigned-jwt.ts";

function newSession() {
  const platform = new ManualPlatform();
  const desk = new RefreshDesk();
  return { platform, desk, session: new AuthSession({ ...desk, store: memoryStore() }, platform) };
}

describe("listeners of a session", () => {
  it("B11 every listener sees every state once, in its order, whatever the listeners do", async () => {
    const { session, desk } = newSession();
    const seen: SessionState["status"][][] = [[], []];
    session.subscribe((state) => {
      if (state.status === "signedIn") void session.signOut();
      seen[0]?.push(state.status);
    });
    session.subscribe((state) => {
      expect(state).toBe(session.state);
      seen[1]?.push(state.status);
    });
    const token = session.getToken();
    (await desk.turn(1)).resolve("fresh");
    expect(await token).toBe("fresh");
    expect(seen).toEqual([
      ["refreshing", "signedIn", "signedOut"],
      ["refreshing", "signedIn", "signedOut"],
    ]);
  });

  it("B11 a listener may call anything at any time, and the session comes to rest", async () => {
    const { session, desk } = newSession();
    let calls = 0;
    const outcomes: Promise<unknown>[] = [];
    session.subscribe(() => {
      if (++calls > 20) return;
      outcomes.push(
        session.getToken().catch(() => {}),
        session.getToken({ forceRefresh: true }).catch(() => {}),
      );
      if (calls % 3 === 0) outcomes.push(session.signOut());
      if (calls % 3 === 1) outcomes.push(session.signIn(`token-${calls}`));
      session.subscribe(() => {})();
    });
    outcomes.push(session.getToken().catch(() => {}));
    await new Promise(setImmediate);
    for (const { resolve } of desk.turns) resolve("fresh");
    await new Promise(setImmediate);
    await session.signOut();
    await Promise.all(outcomes);
    expect(session.state).toEqual({ status: "signedOut" });
  });

  it("B11 getToken in a listener is answered, with and without a token at hand", async () => {
    const { session, desk } = newSession();
    const tokens: Promise<string>[] = [];
    session.subscribe(({ status }) => {
      if (status === "refreshing" || status === "signedIn") tokens.push(session.getToken());
    });
    const token = session.getToken();
    (await desk.turn(1)).resolve("fresh");
    await token;
    expect(await Promise.all(tokens)).toEqual(["fresh", "fresh"]);
  });

  it("B11 forceRefresh in a listener waits for the refresh that it forces", async () => {
    const { session, desk } = newSession();
    let forced: Promise<string> | undefined;
    session.subscribe(({ status }) => {
      if (status === "signedIn") forced ??= session.getToken({ forceRefresh: true });
    });
    await session.signIn("old");
    (await desk.turn(1)).resolve("fresh");
    expect(await forced).toBe("fresh");
  });

  it("B10 getToken after signOut in one listener gives no token", async () => {
    const { session } = newSession();
    let token: Promise<string> | undefined;
    session.subscribe(({ status }) => {
      if (status !== "signedIn") return;
      void session.signOut();
      token = session.getToken();
      token.catch(() => {});
    });
    await session.signIn("mine");
    await expect(token).rejects.toMatchObject({ code: "signed_out" });
  });

  it("B11 a refresh function may call the session", async () => {
    const platform = new ManualPlatform();
    const inner: Promise<string>[] = [];
    const session: AuthSession = new AuthSession(
      {
        refresh: async () => {
          inner.push(session.getToken());
          return "fresh";
        },
        store: memoryStore(),
      },
      platform,
    );
    expect(await session.getToken()).toBe("fresh");
    expect(await Promise.all(inner)).toEqual(["fresh"]);
  });

  it("B11 a refresh function that signs out and answers is not believed", async () => {
    const session: AuthSession = new AuthSession(
      {
        refresh: async () => {
          await session.signOut();
          return "fresh";
        },
        store: memoryStore(),
      },
      new ManualPlatform(),
    );
    await expect(session.getToken()).rejects.toMatchObject({ code: "signed_out" });
    await new Promise(setImmediate);
    expect(session.state).toEqual({ status: "signedOut" });
  });

  it.each<[string, (session: AuthSession, token: string) => Promise<unknown>]>([
    ["getToken({ rejected })", (session, rejected) => session.getToken({ rejected })],
    ["getToken({ forceRefresh })", (session) => session.getToken({ forceRefresh: true })],
    ["getToken()", (session) => session.getToken()],
    ["whenReady()", (session) => session.whenReady()],
    ["signIn()", (session) => session.signIn()],
  ])(
    "B11 B20 %s rejects where a listener disposes of the session in the midst of the call",
    async (name, call) => {
      const { platform, desk } = newSession();
      const store = memoryStore({ accessToken: timedToken(platform.now()) });
      const session = new AuthSession({ ...desk, store }, platform);
      const token = await session.getToken();
      session.subscribe(() => session.dispose());
      // Other code has written a token that is over.
      if (/\(\)/.test(name)) void store.save({ accessToken: timedToken(platform.now() - 1e9) });
      await expect(call(session, token)).rejects.toMatchObject({ code: "signed_out" });
    },
  );

  it("B11 a listener that throws is reported as an error of the page, and hinders nobody", async () => {
    const { session, platform } = newSession();
    const statuses: string[] = [];
    session.subscribe(() => {
      throw new Error("a fault in the app");
    });
    session.subscribe(({ status }) => statuses.push(status));
    await session.signIn("mine");
    expect(statuses).toEqual(["signedIn"]);
    expect(platform.reports).toEqual([new Error("a fault in the app")]);
  });

  it("B11 a listener that is taken away by another hears nothing more; one twice subscribed hears twice", async () => {
    const { session } = newSession();
    const listener = vi.fn();
    session.subscribe(listener);
    const second = session.subscribe(listener);
    await session.signIn("mine");
    expect(listener).toHaveBeenCalledTimes(2);
    second();
    second();
    await session.signOut();
    expect(listener).toHaveBeenCalledTimes(3);
  });

  it("B11 a state is the same object until it changes, and frozen", async () => {
    const { session, desk } = newSession();
    const states = [session.state];
    expect(session.state).toBe(states[0]);
    const token = session.getToken();
    states.push(session.state);
    expect(session.state).toBe(states[1]);
    (await desk.turn(1)).resolve("fresh");
    await token;
    states.push(session.state);
    await session.getToken();
    await session.getToken();
    expect(session.state).toBe(states[2]);
    expect(new Set(states).size).toBe(3);
    expect(states.every((state) => Object.isFrozen(state))).toBe(true);
  });

  it("B11 the state before an asynchronous store has answered is frozen, too", () => {
    const store = { ...memoryStore(), load: () => new Promise<null>(() => {}) };
    const session = new AuthSession({ refresh: async () => null, store }, new ManualPlatform());
    expect(Object.isFrozen(session.state)).toBe(true);
    session.dispose();
  });

  it("B11 what is listened to brings no news while nothing changes", async () => {
    const { session } = newSession();
    await session.signIn("mine");
    const listener = vi.fn();
    session.subscribe(listener);
    await session.getToken();
    expect(session.state.status).toBe("signedIn");
    expect(listener).not.toHaveBeenCalled();
  });

  it("B11 methods work unbound", async () => {
    const { session } = newSession();
    const { getToken, signIn, signOut, subscribe, dispose } = session;
    const listener = vi.fn();
    const unsubscribe = subscribe(listener);
    await signIn("mine");
    expect(await getToken()).toBe("mine");
    await signOut();
    expect(listener).toHaveBeenCalledTimes(2);
    unsubscribe();
    dispose();
  });
});
