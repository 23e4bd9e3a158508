import { AuthSession, AuthSocket, memoryStore, webStorageStore } from "authsocket";
import { io, type Socket } from "socket.io-client";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type AuthServer, issueToken, startAuthServer } from "../support/auth-server.ts";
import { deferred } from "../support/deferred.ts";
import { disposed } from "../support/disposal.ts";
import { plainSocket } from "../support/plain-socket.ts";
import { startRefreshEndpoint, tokenResponse } from "../support/refresh-endpoint.ts";
import type { RefreshOptions } from "../support/refresh-options.ts";
import { SkippableClock } from "../support/skippable-clock.ts";
import { recordStatuses, until, untilStatus } from "../support/states.ts";

const EXPIRED = issueToken({ lifetime: -1_000 });
const FAST = { reconnectionDelay: 1, reconnectionDelayMax: 1 };

/** A session whose refresh the test answers. */
function withHeldRefresh(clock = new SkippableClock(), options: Partial<RefreshOptions> = {}) {
  const answer = deferred<string>();
  const refresh = vi.fn<() => Promise<string | null>>(() => answer.promise);
  const store = memoryStore({ accessToken: EXPIRED });
  const session = disposed(new AuthSession({ refresh, store, ...options }, clock));
  return { session, refresh, answer, clock };
}

/** A connected Socket on the same engine that needs no token of the session. */
async function withPlainSibling({ socket }: AuthSocket): Promise<Socket> {
  const plain = plainSocket(socket, "/plain", issueToken());
  await new Promise<void>((resolve) => plain.once("connect", resolve).connect());
  return plain;
}

/** Until Socket.IO has asked for the token. */
function opened({ io: manager }: Pick<Socket, "io">): Promise<void> {
  return new Promise((resolve) => manager.once("open", () => resolve()));
}

describe("B1 the token is there when it is needed", () => {
  it("B1 a valid token is answered synchronously", async () => {
    const server = await startAuthServer();
    const refresh = vi.fn(async () => issueToken());
    const store = memoryStore({ accessToken: issueToken() });
    const auth = disposed(new AuthSocket(server.url, { refresh, store }));
    const order: string[] = [];
    auth.socket.io.engine.on("packetCreate", ({ data }) => order.push(String(data).slice(0, 2)));
    auth.socket.io.once("open", () => order.push("open"));
    await auth.whenConnected();
    // Socket.IO asks within its own "open", before this listener's turn.
    expect(order.slice(0, 2)).toEqual(["0{", "open"]);
    expect(refresh).not.toHaveBeenCalled();
  });

  it("B1 the refresh starts with connect() and runs beside the engine handshake", async () => {
    const server = await startAuthServer();
    const { session, refresh, answer } = withHeldRefresh();
    const auth = disposed(new AuthSocket(server.url, { session }));
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(server.handshakes).toBe(0);
    await server.until(() => server.handshakes === 1);
    await new Promise((resolve) => auth.socket.io.engine.once("upgrade", resolve));
    expect(server.connects).toEqual([]);
    const token = issueToken();
    answer.resolve(token);
    await auth.whenConnected();
    expect(server.tokens).toEqual([token]);
    expect(server.handshakes).toBe(1);
  });

  it("B1 the refresh starts with reconnect_attempt, and the expired token is never sent", async () => {
    let allowed = true;
    const server = await startAuthServer({ allowRequest: (_, decide) => decide(null, allowed) });
    const clock = new SkippableClock();
    const [first, second] = [issueToken(), issueToken()];
    const refresh = vi.fn(async () => second);
    const store = memoryStore({ accessToken: first });
    const session = disposed(new AuthSession({ refresh, store }, clock));
    const auth = disposed(new AuthSocket(server.url, { session, io: FAST }));
    await auth.whenConnected();
    allowed = false;
    server.drop();
    // Between two attempts, and not by skip(): the machine slept, and no timer has run yet.
    await new Promise<void>((resolve) => auth.socket.io.once("reconnect_error", () => resolve()));
    allowed = true;
    vi.spyOn(clock, "now").mockImplementation(() => Date.now() + 4_000_000);
    const calls = new Promise<number>((resolve) => {
      auth.socket.io.once("reconnect_attempt", () => resolve(refresh.mock.calls.length));
    });
    expect(await calls).toBe(1);
    await auth.whenConnected();
    expect(server.tokens).toEqual([first, second]);
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it("B1 a page opened with an expired token connects with one refresh; the server never sees that token", async () => {
    const server = await startAuthServer();
    const token = issueToken();
    const endpoint = startRefreshEndpoint(() => tokenResponse(token));
    const held = new Map([["authToken", EXPIRED]]);
    const storage = {
      getItem: (key: string) => held.get(key) ?? null,
      setItem: (key: string, value: string) => held.set(key, value),
      removeItem: (key: string) => held.delete(key),
    } as unknown as Storage;
    const store = webStorageStore("authToken", storage);
    const auth = disposed(new AuthSocket(server.url, { refresh: endpoint.url, store }));
    await auth.whenConnected();
    expect(endpoint.calls).toHaveLength(1);
    expect(server.tokens).toEqual([token]);
    expect(held.get("authToken")).toBe(token);
  });

  it("B1 an asynchronous store is awaited beside the engine handshake", async () => {
    const server = await startAuthServer();
    const answer = deferred<{ accessToken: string }>();
    const refresh = vi.fn(async () => issueToken());
    const store = { ...memoryStore(), load: () => answer.promise };
    const auth = disposed(new AuthSocket(server.url, { refresh, store }));
    await server.until(() => server.handshakes === 1);
    const token = issueToken();
    answer.resolve({ accessToken: token });
    await auth.whenConnected();
    expect(server.tokens).toEqual([token]);
    expect(refresh).not.toHaveBeenCalled();
  });
});

describe("B2 one refresh for all sockets of a page", () => {
  it("B2 eight namespaces with an expired token share one refresh, and the expired token is never seen", async () => {
    const server = await startAuthServer();
    const endpoint = startRefreshEndpoint(() => tokenResponse(issueToken()));
    const store = memoryStore({ accessToken: EXPIRED });
    const auth = disposed(new AuthSocket(server.url, { refresh: endpoint.url, store }));
    const sockets = [auth, ...Array.from({ length: 7 }, (_, index) => auth.of(`/n${index}`))];
    const tokens = [auth.session.getToken(), auth.session.getToken()];
    await Promise.all(sockets.map((socket) => socket.whenConnected()));
    expect(endpoint.calls).toHaveLength(1);
    expect(new Set(server.tokens)).toEqual(new Set(await Promise.all(tokens)));
    expect(server).toMatchObject({ handshakes: 1, connections: 8, doubles: 0 });
    expect(server.tokens).toHaveLength(8);
  });

  it("B2 eight connections of their own with one session share one refresh too", async () => {
    const server = await startAuthServer();
    const { session, refresh, answer } = withHeldRefresh();
    const sockets = Array.from({ length: 8 }, () => disposed(new AuthSocket(server.url, { session })));
    await server.until(() => server.handshakes === 8);
    answer.resolve(issueToken());
    await Promise.all(sockets.map((socket) => socket.whenConnected()));
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(server.tokens).not.toContain(EXPIRED);
    expect(server.tokens).toHaveLength(8);
  });

  it("B2 eight namespaces whose token expires while the transport is down share one refresh", async () => {
    const server = await startAuthServer();
    const clock = new SkippableClock();
    const refresh = vi.fn(async () => issueToken());
    const first = issueToken();
    const session = disposed(new AuthSession({ refresh, store: memoryStore({ accessToken: first }) }, clock));
    const auth = disposed(new AuthSocket(server.url, { session, io: FAST }));
    const sockets = [auth, ...Array.from({ length: 7 }, (_, index) => auth.of(`n${index}`))];
    await Promise.all(sockets.map((socket) => socket.whenConnected()));
    vi.spyOn(clock, "now").mockImplementation(() => Date.now() + 4_000_000);
    server.drop();
    await server.until(() => server.connections === 16);
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(server.tokens.slice(8)).not.toContain(first);
    expect(server).toMatchObject({ handshakes: 2, doubles: 0 });
  });
});

describe("B12 one CONNECT per engine opening", () => {
  it("T2 disconnect() while a token is awaited: the late answer sends no CONNECT", async () => {
    const server = await startAuthServer();
    const { session, answer } = withHeldRefresh();
    const auth = disposed(new AuthSocket(server.url, { session }));
    await opened(auth.socket);
    auth.disconnect();
    answer.resolve(issueToken());
    await untilStatus(session, "signedIn");
    await server.quiet();
    expect(server.connects).toEqual([]);
    expect(server.io.engine.clientsCount).toBe(0);
    expect(auth.state).toEqual({ status: "idle" });
  });

  it("T2 disconnect() while a token is awaited beside a connected sibling: the late answer sends no CONNECT", async () => {
    const server = await startAuthServer();
    const { session, answer } = withHeldRefresh();
    const auth = disposed(new AuthSocket(server.url, { session, autoConnect: false }));
    const plain = await withPlainSibling(auth);
    auth.connect();
    await server.quiet();
    auth.disconnect();
    answer.resolve(issueToken());
    await untilStatus(session, "signedIn");
    await server.quiet();
    expect(server.connects.map(({ namespace }) => namespace)).toEqual(["/plain"]);
    expect(plain.connected).toBe(true);
  });

  it.each([
    ["before the engine is open", false],
    ["once the engine is open", true],
  ])("T2 disconnect().connect() while a token is awaited, %s: one CONNECT", async (_, open) => {
    const server = await startAuthServer();
    const { session, answer } = withHeldRefresh();
    const auth = disposed(new AuthSocket(server.url, { session }));
    if (open) await opened(auth.socket);
    auth.disconnect().connect();
    auth.disconnect().connect();
    await opened(auth.socket);
    answer.resolve(issueToken());
    await auth.whenConnected();
    await server.quiet();
    expect(server.connects).toHaveLength(1);
    expect(server).toMatchObject({ connections: 1, doubles: 0 });
    expect(server.sockets()).toHaveLength(1);
  });

  it("T2 disconnect().connect() while a token is awaited beside a connected sibling: one CONNECT", async () => {
    const server = await startAuthServer();
    const { session, answer } = withHeldRefresh();
    const auth = disposed(new AuthSocket(server.url, { session, autoConnect: false }));
    await withPlainSibling(auth);
    auth.connect();
    auth.disconnect().connect();
    answer.resolve(issueToken());
    await auth.whenConnected();
    await server.quiet();
    expect(server.connects.filter(({ namespace }) => namespace === "/")).toHaveLength(1);
    expect(server).toMatchObject({ connections: 2, doubles: 0, handshakes: 1 });
  });

  it("T3 connect() twice while the token is awaited sends one CONNECT", async () => {
    const server = await startAuthServer();
    const { session, answer } = withHeldRefresh();
    const auth = disposed(new AuthSocket(server.url, { session }));
    auth.connect();
    auth.socket.connect();
    await opened(auth.socket);
    auth.connect().connect();
    auth.socket.connect().open();
    answer.resolve(issueToken());
    auth.connect();
    await auth.whenConnected();
    auth.connect();
    auth.socket.connect();
    await server.quiet();
    expect(server.connects).toHaveLength(1);
    expect(server).toMatchObject({ handshakes: 1, connections: 1, doubles: 0 });
  });

  it("T3 connect() while the server's middleware is at work sends no second CONNECT", async () => {
    const server = await startAuthServer();
    const gate = deferred<void>();
    server.admit = () => gate.promise;
    const store = memoryStore({ accessToken: issueToken() });
    const auth = disposed(new AuthSocket(server.url, { refresh: async () => null, store }));
    await server.until(() => server.connects.length === 1);
    auth.connect();
    auth.socket.connect();
    await server.quiet();
    gate.resolve();
    await auth.whenConnected();
    await server.quiet();
    expect(server.connects).toHaveLength(1);
  });

  it.each([
    ["lets it in", () => {}],
    [
      "refuses it",
      () => {
        throw new Error("no");
      },
    ],
  ])(
    "T4 disconnect().connect() beside a sibling while the server's middleware %s: no ghost, one engine",
    async (_, verdict) => {
      const server = await startAuthServer();
      const store = memoryStore({ accessToken: issueToken() });
      const auth = disposed(new AuthSocket(server.url, { refresh: async () => null, store }));
      await auth.whenConnected();
      const { id } = auth.socket;
      const [reached, gate] = [deferred<void>(), deferred<void>()];
      server.admit = async () => {
        reached.resolve();
        await gate.promise;
        verdict();
      };
      const chat = auth.of("/chat");
      await reached.promise;
      chat.disconnect().connect();
      server.admit = () => {};
      gate.resolve();
      await chat.whenConnected();
      await server.quiet();
      expect(server.sockets("/chat").map((socket) => socket.id)).toEqual([chat.socket.id]);
      expect(server.doubles).toBe(0);
      expect(server.handshakes).toBe(1);
      expect(auth.socket.id).toBe(id);
    },
  );

  it("B12 no order of connect, disconnect, token answers and transport drops makes a second CONNECT", async () => {
    const server = await startAuthServer();
    const auth = disposed(
      new AuthSocket(server.url, {
        refresh: async () => issueToken(),
        store: memoryStore(),
        io: { ...FAST, transports: ["websocket"] },
      }),
    );
    const child = auth.of("/child");
    const steps: (() => unknown)[] = [
      () => auth.connect(),
      () => auth.disconnect(),
      () => auth.socket.connect(),
      () => auth.disconnect().connect(),
      () => child.connect(),
      () => child.disconnect(),
      () => auth.session.getToken({ forceRefresh: true }).catch(() => {}),
      // In mid-handshake nobody at Socket.IO would hear of it, until its own `timeout`.
      () => auth.socket.io.engine?.readyState === "open" && auth.socket.io.engine.close(),
      () => server.drop(),
      () => new Promise((resolve) => setImmediate(resolve)),
      () => server.quiet(),
    ];
    // A linear congruential generator: the same walk in each run.
    let seed = 20_240_607;
    for (let step = 0; step < 300; step++) {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      await steps[seed % steps.length]?.();
    }
    auth.connect();
    child.connect();
    await Promise.all([auth.whenConnected(), child.whenConnected()]);
    await server.quiet();
    expect(server.doubles).toBe(0);
    expect(server.sockets()).toHaveLength(2);
    expect(server.io.engine.clientsCount).toBe(1);
  });

  it("B12 an engine is released after the first failed refresh, and connecting starts anew with the next token", async () => {
    const server = await startAuthServer();
    const { session, answer, clock, refresh } = withHeldRefresh();
    const auth = disposed(new AuthSocket(server.url, { session }));
    await opened(auth.socket);
    refresh.mockImplementation(async () => issueToken());
    answer.reject(new Error("down"));
    const { retryAt } = await until(
      auth,
      (state): state is typeof state & { retryAt: number } => "retryAt" in state,
    );
    await server.until(() => server.io.engine.clientsCount === 0);
    expect(auth.state).toMatchObject({ status: "connecting", error: { code: "refresh_failed" } });
    await clock.skip(retryAt - clock.now());
    await auth.whenConnected();
    expect(server.connects).toHaveLength(1);
    expect(server.handshakes).toBe(2);
  });

  it("B12 an engine is released after ten seconds without a token", async () => {
    const server = await startAuthServer();
    const clock = new SkippableClock();
    const { session, answer } = withHeldRefresh(clock, { refreshTimeout: 60_000 });
    const auth = disposed(new AuthSocket(server.url, { session }));
    await opened(auth.socket);
    await clock.skip(9_000);
    await server.quiet();
    expect(server.io.engine.clientsCount).toBe(1);
    await clock.skip(1_100);
    await server.until(() => server.io.engine.clientsCount === 0);
    expect(auth.state).toMatchObject({ status: "connecting" });
    answer.resolve(issueToken());
    await auth.whenConnected();
    expect(server.connects).toHaveLength(1);
  });

  it("B12 an engine that a sibling uses is not released", async () => {
    const server = await startAuthServer();
    const { session, answer } = withHeldRefresh();
    const auth = disposed(new AuthSocket(server.url, { session, autoConnect: false }));
    const plain = await withPlainSibling(auth);
    const { id } = plain;
    auth.connect();
    answer.reject(new Error("down"));
    await until(auth, (state) => "error" in state);
    await server.quiet();
    expect(server.handshakes).toBe(1);
    expect(plain.id).toBe(id);
  });
});

describe("T14 the engine itself is refused", () => {
  it.each([["polling"], ["websocket"]])(
    "T14 over %s: retried by Socket.IO, and no token matter",
    async (transport) => {
      let allowed = false;
      const server = await startAuthServer({
        allowRequest: (_, decide) => decide(allowed ? null : "not now", allowed),
      });
      const refresh = vi.fn(async () => issueToken());
      const token = issueToken();
      const store = memoryStore({ accessToken: token });
      const io = { ...FAST, transports: [transport] };
      const auth = disposed(new AuthSocket(server.url, { refresh, store, io }));
      const statuses = recordStatuses(auth);
      await until(auth, (state) => state.status === "connecting" && state.attempt > 2);
      expect(server.connects).toEqual([]);
      allowed = true;
      await auth.whenConnected();
      expect(statuses).toEqual(["connecting", "connected"]);
      expect(refresh).not.toHaveBeenCalled();
      expect(server.tokens).toEqual([token]);
    },
  );
});

describe("T15 a disconnect without a connect", () => {
  it("T15 the transport drops during the server's middleware: no token matter, and connected in the end", async () => {
    const server = await startAuthServer();
    const [reached, gate] = [deferred<void>(), deferred<void>()];
    server.admit = () => {
      reached.resolve();
      return gate.promise;
    };
    const refresh = vi.fn(async () => issueToken());
    const store = memoryStore({ accessToken: issueToken() });
    const auth = disposed(new AuthSocket(server.url, { refresh, store, io: FAST }));
    const statuses = recordStatuses(auth);
    const events: string[] = [];
    for (const event of ["connect", "disconnect"]) auth.socket.on(event, () => events.push(event));
    await reached.promise;
    auth.socket.io.engine.close();
    server.admit = () => {};
    await auth.whenConnected();
    gate.resolve();
    await server.quiet();
    expect(events).toEqual(["disconnect", "connect"]);
    expect(statuses).toEqual(["connecting", "connected"]);
    expect(refresh).not.toHaveBeenCalled();
    expect(server.doubles).toBe(0);
  });
});

describe("T11 drops after drops", () => {
  it("T11 after engine.close() and a connect() at once, later drops reconnect", async () => {
    const server = await startAuthServer();
    const store = memoryStore({ accessToken: issueToken() });
    const auth = disposed(new AuthSocket(server.url, { refresh: async () => null, store, io: FAST }));
    await auth.whenConnected();
    auth.socket.io.engine.close();
    auth.connect();
    auth.disconnect().connect();
    await auth.whenConnected();
    for (let drop = 0; drop < 3; drop++) {
      const { id } = auth.socket;
      auth.socket.io.engine.close();
      await until(auth, (state) => state.status === "connected" && state.id !== id);
      const next = auth.socket.id;
      server.drop();
      await until(auth, (state) => state.status === "connected" && state.id !== next);
    }
    await server.quiet();
    expect(server.sockets()).toHaveLength(1);
    expect(server.doubles).toBe(0);
  });

  it.each<[string, (auth: AuthSocket, act: () => void) => unknown]>([
    ["disconnect", (auth, act) => auth.socket.once("disconnect", act)],
    ["the Manager's close", (auth, act) => auth.socket.io.once("close", act)],
  ])("T11 after disconnect().connect() in the midst of %s, later drops reconnect", async (_, hook) => {
    const server = await startAuthServer();
    const store = memoryStore({ accessToken: issueToken() });
    const auth = disposed(new AuthSocket(server.url, { refresh: async () => null, store, io: FAST }));
    await auth.whenConnected();
    hook(auth, () => auth.disconnect().connect());
    for (let drop = 0; drop < 3; drop++) {
      const { id } = auth.socket;
      server.drop();
      await until(auth, (state) => state.status === "connected" && state.id !== id);
    }
    await server.quiet();
    expect(server.sockets()).toHaveLength(1);
    expect(server.doubles).toBe(0);
  });

  it("T11 after an engine was released for want of a token, later drops reconnect", async () => {
    const server = await startAuthServer();
    const { session, answer, clock, refresh } = withHeldRefresh();
    const auth = disposed(new AuthSocket(server.url, { session, io: FAST }));
    await opened(auth.socket);
    refresh.mockImplementation(async () => issueToken());
    answer.reject(new Error("down"));
    await until(auth, (state) => "retryAt" in state);
    await clock.skip(30_000);
    await auth.whenConnected();
    const { id } = auth.socket;
    server.drop();
    await until(auth, (state) => state.status === "connected" && state.id !== id);
    expect(server.sockets()).toHaveLength(1);
  });
});

describe("signIn with a valid token, then connect: as many round trips as plain socket.io-client", () => {
  const counts = async (server: AuthServer, connect: (url: string) => Promise<unknown>) => {
    await connect(server.url);
    await server.quiet();
    const { handshakes, requests, packets, connections } = server;
    return { handshakes, requests, packets, connections, connects: server.connects.length };
  };

  it.each([[undefined], [["polling"]], [["websocket"]]])("B1 over %j transports", async (transports) => {
    const token = issueToken();
    const options = transports ? { transports } : {};
    const plain = await counts(await startAuthServer(), async (url) => {
      const socket = io(url, { ...options, auth: { token }, forceNew: true });
      onTestFinished(() => void socket.disconnect());
      await new Promise<void>((resolve) => socket.on("connect", resolve));
      await socket.emitWithAck("ask", 1);
    });
    const refresh = vi.fn(async () => issueToken());
    const ours = await counts(await startAuthServer(), async (url) => {
      const auth = disposed(
        new AuthSocket(url, { refresh, store: memoryStore(), autoConnect: false, io: options }),
      );
      await auth.session.signIn(token);
      await auth.connect().whenConnected();
      await auth.socket.emitWithAck("ask", 1);
    });
    expect(ours).toEqual(plain);
    expect(refresh).not.toHaveBeenCalled();
  });
});
