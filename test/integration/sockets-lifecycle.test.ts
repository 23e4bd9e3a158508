import { AuthSession, AuthSocket, type AuthSocketState, memoryStore, type TokenStore } from "authsocket";
import { connection } from "authsocket/svelte";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { issueToken, startAuthServer } from "../support/auth-server.ts";
import { deferred } from "../support/deferred.ts";
import { disposed } from "../support/disposal.ts";
import type { RefreshOptions } from "../support/refresh-options.ts";
import { SkippableClock } from "../support/skippable-clock.ts";
import { until, untilStatus } from "../support/states.ts";

const FAST = { reconnectionDelay: 1, reconnectionDelayMax: 1 };

function sessionWith(options: Partial<RefreshOptions> = {}) {
  const clock = new SkippableClock();
  const refresh = vi.fn<() => Promise<string | null>>(async () => issueToken());
  const store = memoryStore({ accessToken: issueToken() });
  const session = disposed(new AuthSession({ refresh, store, ...options }, clock));
  return { session, clock, refresh, store };
}

const unhandled: unknown[] = [];
const note = (reason: unknown) => unhandled.push(reason);

beforeEach(() => {
  unhandled.length = 0;
  process.on("unhandledRejection", note);
  process.on("uncaughtException", note);
});

afterEach(() => {
  process.off("unhandledRejection", note);
  process.off("uncaughtException", note);
  expect(unhandled).toEqual([]);
});

describe("B11 a listener that connects at every state that it hears of", () => {
  /** How often it hears of that state, which must come to an end: all of it happens at once. */
  function insist(auth: AuthSocket, status: AuthSocketState["status"]): { heard: number } {
    const times = { heard: 0 };
    auth.subscribe((state) => {
      if (state.status === status && ++times.heard < 1_000) auth.connect();
    });
    return times;
  }

  it("B11 hears once that nobody is signed in, and is connected at a sign-in", async () => {
    const server = await startAuthServer();
    const { session } = sessionWith({ refresh: async () => null, store: memoryStore() });
    const auth = disposed(new AuthSocket(server.url, { session, autoConnect: false }));
    const times = insist(auth, "signedOut");
    auth.connect();
    await untilStatus(auth, "signedOut");
    expect(times.heard).toBe(1);
    await session.signIn(issueToken());
    await auth.whenConnected();
  });

  it("B8 finds whom the app's own code has put into the store meanwhile", async () => {
    const server = await startAuthServer();
    const store = memoryStore();
    const { session } = sessionWith({ refresh: async () => null, store });
    const auth = disposed(new AuthSocket(server.url, { session }));
    await untilStatus(auth, "signedOut");
    store.save({ accessToken: issueToken() });
    await auth.connect().whenConnected();
  });

  it("B11 B25 hears once of a page that is no safe place", () => {
    const { session, clock } = sessionWith();
    clock.warn = () => {};
    clock.location = () => new URL("http://intranet.example/") as unknown as Location;
    const auth = disposed(new AuthSocket("/", { session, autoConnect: false }));
    const times = insist(auth, "refused");
    auth.connect();
    expect(auth.state).toMatchObject({ status: "refused", error: { code: "insecure_url" } });
    expect(times.heard).toBe(1);
  });
});

describe("B9 B11 B19 the app's own use of Socket.IO", () => {
  it("B11 disconnect() in an onAnyOutgoing listener leaves nothing connected", async () => {
    const server = await startAuthServer();
    const { session } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session }));
    await auth.whenConnected();
    auth.socket.onAnyOutgoing(() => auth.disconnect());
    auth.socket.emit("bye");
    expect(auth.socket.connected).toBe(false);
    auth.socket.offAnyOutgoing();
    await auth.connect().whenConnected();
    expect(await auth.socket.emitWithAck("ask", 1)).toBe(1);
  });

  it("B9 a listener that throws on an event which has waited keeps neither the others nor the connection", async () => {
    const server = await startAuthServer();
    const { session, clock } = sessionWith();
    clock.report = vi.fn();
    const auth = disposed(new AuthSocket(server.url, { session, autoConnect: false }));
    auth.socket.onAnyOutgoing((event) => {
      if (event === "bad") throw new Error("the app's own");
    });
    auth.socket.emit("bad", 1);
    auth.socket.emit("good", 2);
    await auth.connect().whenConnected();
    await server.until(() => server.heard("good").length === 1);
    expect(clock.report).toHaveBeenCalledWith(expect.objectContaining({ message: "the app's own" }));
  });

  it("B19 dropping every listener of the Manager's events means the app's own", async () => {
    const server = await startAuthServer();
    const { session } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session, io: FAST }));
    await auth.whenConnected();
    auth.socket.io.off("reconnect_attempt").off("reconnect_failed");
    server.drop();
    await untilStatus(auth, "connecting");
    await auth.whenConnected();
    expect(await auth.socket.emitWithAck("ask", 1)).toBe(1);
    expect(auth.socket.io.listeners("reconnect_attempt")).toEqual([]);
  });
});

describe("S3 B25 on a page that is no safe place", () => {
  const intranet = () => new URL("http://intranet.example/") as unknown as Location;

  it("S3 a socket of this page stays refused, whoever signs in or out", async () => {
    const { session, clock } = sessionWith();
    clock.warn = () => {};
    clock.location = intranet;
    const auth = disposed(new AuthSocket("/", { session, autoConnect: false }));
    const open = vi.spyOn(auth.socket.io, "open");
    auth.connect();
    await session.signOut();
    await session.signIn(issueToken());
    await session.signIn(issueToken({ subject: "bob" }));
    expect(auth.state).toMatchObject({ status: "refused", error: { code: "insecure_url" } });
    expect(open).not.toHaveBeenCalled();
  });

  it("S3 no refresh token is sent to an endpoint of this page, whatever wakes up", async () => {
    const { session, clock } = sessionWith({ refresh: "/refresh" as never, store: memoryStore() });
    const fetch = vi.fn();
    Object.assign(clock, { warn: () => {}, location: intranet, fetch });
    const auth = disposed(new AuthSocket("https://api.example/", { session, autoConnect: false }));
    auth.connect();
    expect(auth.state).toMatchObject({ status: "refused", error: { code: "insecure_url" } });
    clock.wakeUp(true);
    await clock.skip(60_000);
    expect(fetch).not.toHaveBeenCalled();
  });
});

describe("B11 a listener may call any method", () => {
  const methods: [string, (auth: AuthSocket) => unknown, AuthSocketState["status"]][] = [
    ["connect()", (auth) => auth.connect(), "connected"],
    ["disconnect()", (auth) => auth.disconnect(), "idle"],
    ["disconnect().connect()", (auth) => auth.disconnect().connect(), "connected"],
    ["getToken()", (auth) => auth.session.getToken().catch(() => {}), "connected"],
    [
      "getToken({ forceRefresh })",
      (a) => a.session.getToken({ forceRefresh: true }).catch(() => {}),
      "connected",
    ],
    ["signIn()", (auth) => auth.session.signIn(issueToken()), "connected"],
    ["signOut()", (auth) => auth.session.signOut(), "signedOut"],
    ["dispose()", (auth) => auth.dispose(), "idle"],
    ["session.dispose()", (auth) => auth.session.dispose(), "connected"],
    ["of()", (auth) => auth.of("/child"), "connected"],
  ];
  type Hook = (auth: AuthSocket, act: () => void) => unknown;
  const callbacks: [string, Hook][] = [
    [
      "a state listener, while connecting",
      (auth, act) => auth.subscribe((s) => s.status === "connecting" && act()),
    ],
    [
      "a state listener, when connected",
      (auth, act) => auth.subscribe((s) => s.status === "connected" && act()),
    ],
    ["a listener of the session", (auth, act) => auth.session.subscribe(act)],
    ["connect", (auth, act) => auth.socket.on("connect", act)],
    ["disconnect", (auth, act) => auth.socket.on("disconnect", act)],
    ["open of the Manager", (auth, act) => auth.socket.io.on("open", act)],
    ["reconnect_attempt of the Manager", (auth, act) => auth.socket.io.on("reconnect_attempt", act)],
  ];
  const table = callbacks.flatMap(([callback, hook]) =>
    methods
      // Without its session a socket has no token for a reconnect: what becomes of it is not this rule's.
      .filter(([method]) => method !== "session.dispose()" || callback === "connect")
      .map(([method, call, end]) => ({ callback, hook, method, call, end })),
  );

  it.each(table)("B11 $method in $callback", async ({ hook, call, end }) => {
    const server = await startAuthServer();
    const store = memoryStore({ accessToken: issueToken({ lifetime: -1 }) });
    const { session } = sessionWith({ store });
    const auth = disposed(new AuthSocket(server.url, { session, autoConnect: false, io: FAST }));
    let calls = 0;
    let depth = 0;
    const depths: number[] = [];
    auth.subscribe(() => {
      depths.push(++depth);
      depth--;
    });
    const done = deferred<void>();
    hook(auth, () => {
      if (calls++ > 0) return;
      depth++;
      void Promise.resolve(call(auth)).then(() => done.resolve());
      depth--;
    });
    auth.connect();
    await Promise.race([done.promise, until(auth, ({ status }) => status === "connected")]);
    if (calls === 0) {
      await server.until(() => server.sockets().length === 1);
      server.drop();
      await done.promise;
    }
    await server.quiet();
    if (end === "connected") await untilStatus(auth, "connected");
    expect(auth.state.status).toBe(end);
    await server.until(() => server.sockets("/").length === (end === "connected" ? 1 : 0));
    expect(server.doubles).toBe(0);
    expect(auth.socket.connected).toBe(end === "connected");
  });

  it.each(methods.filter(([name]) => name !== "session.dispose()"))(
    "B11 %s in connect_error",
    async (_, call, end) => {
      const server = await startAuthServer();
      const first = issueToken();
      const { session } = sessionWith({ store: memoryStore({ accessToken: first }) });
      server.admit = (token) => {
        if (token === first) throw Object.assign(new Error("no"), { data: { code: "token_revoked" } });
      };
      const auth = disposed(new AuthSocket(server.url, { session, autoConnect: false, io: FAST }));
      const done = deferred<void>();
      auth.socket.once("connect_error", () => void Promise.resolve(call(auth)).then(() => done.resolve()));
      auth.connect();
      await done.promise;
      if (end === "connected") await untilStatus(auth, "connected");
      await server.quiet();
      expect(auth.state.status).toBe(end);
      expect(server.doubles).toBe(0);
      expect(server.sockets("/")).toHaveLength(end === "connected" ? 1 : 0);
    },
  );

  it.each(methods.filter(([name]) => name !== "session.dispose()"))(
    "B11 %s in the refresh function",
    async (_, call, end) => {
      const server = await startAuthServer();
      const holder: { auth?: AuthSocket } = {};
      let calls = 0;
      const { session } = sessionWith({
        store: memoryStore(),
        refresh: async () => {
          if (calls++ === 0 && holder.auth) void call(holder.auth);
          return issueToken();
        },
      });
      const auth = disposed(new AuthSocket(server.url, { session, autoConnect: false }));
      holder.auth = auth;
      auth.connect();
      if (end === "connected") await untilStatus(auth, "connected");
      await server.quiet();
      expect(auth.state.status).toBe(end);
      expect(server.doubles).toBe(0);
    },
  );

  it.each(methods.filter(([name]) => name !== "session.dispose()"))(
    "B11 %s in the store",
    async (_, call, end) => {
      const server = await startAuthServer();
      const holder: { auth?: AuthSocket } = {};
      let calls = 0;
      const act = () => {
        if (calls++ === 0 && holder.auth) void call(holder.auth);
      };
      const inner = memoryStore({ accessToken: issueToken() });
      const store: TokenStore = {
        ...inner,
        load: () => {
          act();
          return inner.load();
        },
      };
      const { session } = sessionWith({ store });
      const auth = disposed(new AuthSocket(server.url, { session, autoConnect: false }));
      holder.auth = auth;
      auth.connect();
      if (end === "connected") await untilStatus(auth, "connected");
      await server.quiet();
      expect(calls).toBeGreaterThan(0);
      expect(auth.state.status).toBe(end);
      expect(server.doubles).toBe(0);
    },
  );

  it("B11 a listener never sees a state older than the one before it", async () => {
    const server = await startAuthServer();
    const { session } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session, autoConnect: false }));
    const seen: AuthSocketState[] = [];
    auth.subscribe((state) => {
      if (state.status === "connecting") auth.disconnect();
    });
    auth.subscribe((state) => seen.push(state));
    auth.connect();
    expect(seen.map(({ status }) => status)).toEqual(["connecting", "idle"]);
    expect(auth.state).toBe(seen.at(-1));
    await server.quiet();
    expect(server.connects).toEqual([]);
  });

  it("B11 a listener that throws disturbs neither the others nor the connection", async () => {
    const server = await startAuthServer();
    const { session } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session, autoConnect: false }));
    const seen: string[] = [];
    const unsubscribe = auth.subscribe(() => {
      throw new Error("the app's own");
    });
    auth.subscribe(({ status }) => seen.push(status));
    auth.connect();
    await auth.whenConnected();
    await server.quiet();
    unsubscribe();
    expect(seen).toEqual(["connecting", "connected"]);
    expect(unhandled.splice(0)).toEqual([expect.any(Error), expect.any(Error)]);
  });
});

describe("states", () => {
  it("the state is the same frozen object until it changes, and a new one for each change", async () => {
    const server = await startAuthServer();
    const { session } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session, autoConnect: false, io: FAST }));
    const states: AuthSocketState[] = [auth.state];
    auth.subscribe((state) => {
      expect(auth.state).toBe(state);
      expect(auth.state).toBe(auth.state);
      states.push(state);
    });
    await auth.connect().whenConnected();
    const { state } = auth;
    await session.getToken({ forceRefresh: true });
    auth.connect();
    expect(auth.state).toBe(state);
    server.drop();
    await untilStatus(auth, "connecting");
    await auth.whenConnected();
    auth.disconnect().disconnect();
    expect(new Set(states).size).toBe(states.length);
    for (let index = 1; index < states.length; index++) expect(states[index]).not.toEqual(states[index - 1]);
    expect(states.slice(1).every((each) => Object.isFrozen(each))).toBe(true);
    expect(states.at(-1)).toEqual({ status: "idle" });
  });

  it("subscribe() returns its undo, and one listener may be subscribed twice", async () => {
    const { session } = sessionWith({ store: memoryStore(), refresh: () => new Promise(() => {}) });
    const auth = disposed(new AuthSocket("http://localhost:1", { session, autoConnect: false }));
    const listener = vi.fn();
    const [first, second] = [auth.subscribe(listener), auth.subscribe(listener)];
    auth.connect();
    expect(listener).toHaveBeenCalledTimes(2);
    first();
    first();
    auth.disconnect().connect();
    expect(listener).toHaveBeenCalledTimes(4);
    second();
    auth.disconnect().connect();
    expect(listener).toHaveBeenCalledTimes(4);
  });

  it("methods work unbound", async () => {
    const server = await startAuthServer();
    const { session } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session, autoConnect: false }));
    const { connect, disconnect, of, subscribe, whenConnected, dispose } = auth;
    const seen = vi.fn();
    const unsubscribe = subscribe(seen);
    connect();
    await whenConnected();
    expect(of("chat")).toBe(auth.of("/chat"));
    unsubscribe();
    expect(disconnect()).toBe(auth);
    expect(seen).toHaveBeenCalledTimes(2);
    dispose();
    const { getToken, signIn, signOut, subscribe: watch, dispose: end } = session;
    watch(() => {})();
    await signIn(issueToken());
    expect(await getToken()).toEqual(expect.any(String));
    await signOut();
    end();
  });
});

describe("whenConnected()", () => {
  it("resolves at once when connected, and waits for connect() where nobody has called it", async () => {
    const server = await startAuthServer();
    const { session } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session, autoConnect: false }));
    const waiting = auth.whenConnected();
    auth.connect();
    await waiting;
    await auth.whenConnected();
  });

  it("rejects when signed out, with session_expired or signed_out", async () => {
    const server = await startAuthServer();
    const store = memoryStore({ accessToken: issueToken({ lifetime: -1 }) });
    const { session } = sessionWith({ store, refresh: async () => null });
    const auth = disposed(new AuthSocket(server.url, { session }));
    await expect(auth.whenConnected()).rejects.toMatchObject({ code: "session_expired" });
    await session.signOut();
    await expect(auth.whenConnected()).rejects.toMatchObject({ code: "signed_out" });
  });

  it("rejects when refused, with the state's error", async () => {
    const server = await startAuthServer();
    server.admit = () => {
      throw Object.assign(new Error("no"), { data: { code: "insufficient_scope" } });
    };
    const { session } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session }));
    await expect(auth.whenConnected()).rejects.toMatchObject({ code: "forbidden" });
    await expect(auth.whenConnected()).rejects.toBe("error" in auth.state && auth.state.error);
  });

  it("rejects with the signal's reason, before or after it is called", async () => {
    const { session } = sessionWith();
    const auth = disposed(new AuthSocket("http://localhost:1", { session, autoConnect: false }));
    const reason = new Error("enough");
    const controller = new AbortController();
    const waiting = auth.whenConnected({ signal: controller.signal });
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(auth.whenConnected({ signal: controller.signal })).rejects.toBe(reason);
  });

  it("rejects at dispose(), and afterwards", async () => {
    const { session } = sessionWith();
    const auth = disposed(new AuthSocket("http://localhost:1", { session, autoConnect: false }));
    const settled = expect(auth.whenConnected()).rejects.toThrow("disposed");
    auth.dispose();
    await settled;
    await expect(auth.whenConnected()).rejects.toThrow("disposed");
  });

  it("takes its listeners off the signal", async () => {
    const server = await startAuthServer();
    const { session } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session }));
    const { signal } = new AbortController();
    const [add, remove] = [vi.spyOn(signal, "addEventListener"), vi.spyOn(signal, "removeEventListener")];
    await auth.whenConnected({ signal });
    expect(remove).toHaveBeenCalledTimes(add.mock.calls.length);
  });
});

describe("dispose()", () => {
  it("is final and idempotent, from every state", async () => {
    const server = await startAuthServer();
    const reach: [AuthSocketState["status"], (auth: AuthSocket, clock: SkippableClock) => unknown][] = [
      ["idle", () => {}],
      ["connecting", (auth) => auth.connect()],
      ["connected", (auth) => auth.connect().whenConnected()],
      [
        "refused",
        async (auth, clock) => {
          await auth.connect().whenConnected();
          await clock.skip(10_001);
          server.kick();
          await untilStatus(auth, "refused");
        },
      ],
      [
        "signedOut",
        async (auth) => {
          await auth.connect().whenConnected();
          await auth.session.signOut();
        },
      ],
    ];
    for (const [status, act] of reach) {
      const { session, clock } = sessionWith();
      const auth = new AuthSocket(server.url, { session, autoConnect: false });
      await act(auth, clock);
      expect(auth.state.status).toBe(status);
      auth.dispose();
      auth.dispose();
      const { connections } = server;
      auth.connect();
      auth.disconnect().connect();
      await session.signIn(issueToken());
      await server.quiet();
      expect([status, server.connections, server.sockets().length]).toEqual([status, connections, 0]);
      expect([status, clock.pending]).toEqual([status, 0]);
      expect(() => auth.of("/chat")).toThrow("disposed");
    }
  });

  it("leaves no timer and no listener, on the clock, the Socket, the Manager or the store", async () => {
    const server = await startAuthServer();
    const clock = new SkippableClock();
    let subscriptions = 0;
    const store: TokenStore = {
      ...memoryStore({ accessToken: issueToken() }),
      subscribe: () => {
        subscriptions++;
        return () => subscriptions--;
      },
    };
    const session = new AuthSession({ refresh: async () => null, store }, clock);
    const auth = new AuthSocket(server.url, { session });
    const own = () =>
      Object.getOwnPropertyNames(auth.socket).filter((name) => /connect$|emitWithAck|^off$/.test(name));
    const heard = vi.fn();
    auth.socket.on("connect", heard);
    await auth.whenConnected();
    expect(clock.pending).toBeGreaterThan(0);
    expect(subscriptions).toBe(1);
    const patched = own();
    expect(patched).not.toEqual([]);
    auth.dispose();
    session.dispose();
    expect(clock.pending).toBe(0);
    expect(subscriptions).toBe(0);
    // What is called on the Socket from now on does nothing, or rejects (B18).
    expect(own()).toEqual(patched);
    expect(auth.socket.listeners("connect")).toEqual([heard]);
    for (const event of ["connect_error", "disconnect", "auth:revoked", "forceDisconnect"]) {
      expect(auth.socket.listeners(event)).toEqual([]);
    }
    for (const event of ["reconnect_attempt", "reconnect_failed", "open", "close", "error"] as const) {
      expect(auth.socket.io.listeners(event)).toEqual([]);
    }
    await server.until(() => server.io.engine.clientsCount === 0);
  });

  it("calls no listener of the app's afterwards", async () => {
    const server = await startAuthServer();
    const { session } = sessionWith();
    const auth = new AuthSocket(server.url, { session });
    await auth.whenConnected();
    auth.dispose();
    const listener = vi.fn();
    auth.subscribe(listener);
    await session.signOut();
    await session.signIn(issueToken());
    auth.connect();
    await server.quiet();
    expect(listener).not.toHaveBeenCalled();
  });

  it("disposes of the of() children, and of a session that it made", async () => {
    const server = await startAuthServer();
    const auth = new AuthSocket(server.url, {
      refresh: async () => issueToken(),
      store: memoryStore({ accessToken: issueToken() }),
    });
    const chat = auth.of("/chat");
    await Promise.all([auth.whenConnected(), chat.whenConnected()]);
    auth.dispose();
    expect([auth.state.status, chat.state.status]).toEqual(["idle", "idle"]);
    await expect(chat.whenConnected()).rejects.toThrow("disposed");
    await expect(auth.session.getToken()).rejects.toThrow("disposed");
    await server.until(() => server.sockets().length === 0);
  });

  it("leaves a session that was given, and its other sockets, alone", async () => {
    const server = await startAuthServer();
    const { session } = sessionWith();
    const [first, second] = [1, 2].map(() => disposed(new AuthSocket(server.url, { session })));
    await Promise.all([first?.whenConnected(), second?.whenConnected()]);
    first?.dispose();
    await server.until(() => server.sockets().length === 1);
    expect(second?.state.status).toBe("connected");
    expect(await session.getToken()).toEqual(expect.any(String));
  });

  it("of a child leaves its parent and siblings alone, and of() makes another", async () => {
    const server = await startAuthServer();
    const { session } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session }));
    const [chat, news] = [auth.of("/chat"), auth.of("/news")];
    await Promise.all([auth, chat, news].map((socket) => socket.whenConnected()));
    chat.dispose();
    await server.until(() => server.sockets("/chat").length === 0);
    const again = auth.of("/chat");
    expect(again).not.toBe(chat);
    await again.whenConnected();
    expect(await again.socket.emitWithAck("ask", 1)).toBe(1);
    expect([auth.state.status, news.state.status]).toEqual(["connected", "connected"]);
    expect(server.handshakes).toBe(1);
    expect(server.doubles).toBe(0);
  });

  it("B11 B12 of a child in a listener, which asks for it again at once, leaves one Socket of it", async () => {
    const server = await startAuthServer();
    const { session } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session }));
    const chat = auth.of("/chat");
    await Promise.all([auth.whenConnected(), chat.whenConnected()]);
    let again: AuthSocket | undefined;
    session.subscribe(({ status }) => {
      if (status !== "refreshing" || again) return;
      chat.dispose();
      again = auth.of("/chat").connect() as AuthSocket;
    });
    await session.getToken({ forceRefresh: true });
    await again?.whenConnected();
    await server.quiet();
    expect(chat.socket.active).toBe(false);
    expect(server.sockets("/chat")).toHaveLength(1);
    expect(server.doubles).toBe(0);
  });

  it("B11 of a child whose own listener asks for it again: of() makes another", async () => {
    const server = await startAuthServer();
    const { session } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session }));
    const chat = auth.of("/chat");
    await Promise.all([auth.whenConnected(), chat.whenConnected()]);
    let again: unknown;
    chat.socket.on("disconnect", () => {
      again = auth.of("/chat");
    });
    chat.dispose();
    expect(again).toBeDefined();
    expect(again).not.toBe(chat);
    await (again as AuthSocket).whenConnected();
  });

  it.each([false, true])(
    "B12 T4 of a child whose CONNECT is unanswered leaves nothing at the server (made again: %s)",
    async (isMadeAgain) => {
      const server = await startAuthServer();
      const admitted = deferred<void>();
      server.admit = async (_, { nsp }) => {
        if (nsp.name === "/chat") await admitted.promise;
      };
      const { session } = sessionWith();
      const auth = disposed(new AuthSocket(server.url, { session }));
      await auth.whenConnected();
      const chat = auth.of("/chat");
      await server.until(() => server.connects.length === 2);
      chat.dispose();
      const again = isMadeAgain ? auth.of("/chat") : undefined;
      await server.quiet();
      admitted.resolve();
      await again?.whenConnected();
      await server.until(() => server.connections >= 2);
      await server.quiet();
      await server.until(() => server.sockets("/chat").length === Number(isMadeAgain));
      expect(server.handshakes).toBe(1);
      expect(server.doubles).toBe(0);
      expect(auth.state.status).toBe("connected");
    },
  );

  it("while a token is awaited: the late answer changes nothing", async () => {
    const server = await startAuthServer();
    const answer = deferred<string>();
    const { session, clock } = sessionWith({ store: memoryStore(), refresh: () => answer.promise });
    const auth = new AuthSocket(server.url, { session });
    await server.until(() => server.handshakes === 1);
    auth.dispose();
    answer.resolve(issueToken());
    await untilStatus(session, "signedIn");
    await server.quiet();
    expect(server.connects).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it("B11 of a session while its socket waits for a token: whoever waits for the socket is told", async () => {
    const server = await startAuthServer();
    const { session } = sessionWith({
      store: memoryStore(),
      refresh: () => Promise.reject(new Error("no network")),
    });
    const auth = disposed(new AuthSocket(server.url, { session }));
    const connected = auth.whenConnected();
    await until(auth, ({ error }) => error?.code === "refresh_failed");
    session.dispose();
    await expect(connected).rejects.toMatchObject({ code: "signed_out" });
    expect(auth.state.status).toBe("signedOut");
  });

  it("under React's StrictMode: connect(), disconnect, connect() makes one connection", async () => {
    const server = await startAuthServer();
    const { session } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session, autoConnect: false }));
    const effect = () => auth.connect().disconnect;
    effect()();
    const cleanUp = effect();
    await auth.whenConnected();
    await server.quiet();
    expect(server.connections).toBe(1);
    cleanUp();
    expect(auth.state).toEqual({ status: "idle" });
  });
});

describe("B20 importing and constructing touch nothing", () => {
  const GLOBALS = [
    "localStorage",
    "sessionStorage",
    "indexedDB",
    "window",
    "document",
    "navigator",
    "location",
    "fetch",
    "BroadcastChannel",
    "WebSocket",
    "XMLHttpRequest",
    "addEventListener",
  ];

  /** The globals that files of src/client touch from now on. */
  function trapGlobals(): string[] {
    const touched: string[] = [];
    for (const name of GLOBALS) {
      const original = Object.getOwnPropertyDescriptor(globalThis, name);
      Object.defineProperty(globalThis, name, {
        configurable: true,
        get() {
          if (/src\/client\//.test(new Error().stack ?? "")) touched.push(name);
          return original?.get ? original.get.call(globalThis) : original?.value;
        },
      });
      onTestFinished(() => {
        Reflect.deleteProperty(globalThis, name);
        if (original) Object.defineProperty(globalThis, name, original);
      });
    }
    return touched;
  }

  it("B20 the trap of these tests works", async () => {
    const touched = trapGlobals();
    const { webStorageStore } = await import("authsocket");
    expect(() => webStorageStore("key").subscribe?.(() => {})).not.toThrow();
    expect(touched).toContain("window");
  });

  it("B20 importing touches no global", async () => {
    vi.resetModules();
    const touched = trapGlobals();
    const fresh = await import("authsocket");
    expect(fresh.AuthSocket).not.toBe(AuthSocket);
    expect(touched).toEqual([]);
  });

  it("B20 with autoConnect: false the constructor does no I/O and touches no global", () => {
    const touched = trapGlobals();
    const spies = [
      vi.spyOn(globalThis, "setTimeout"),
      vi.spyOn(globalThis, "setInterval"),
      vi.spyOn(globalThis, "queueMicrotask"),
      vi.spyOn(Date, "now"),
      vi.spyOn(Math, "random"),
    ];
    onTestFinished(() => void vi.restoreAllMocks());
    const load = vi.fn(() => null);
    const refresh = vi.fn(async () => null);
    const auths = [
      new AuthSocket("/", { refresh: "/api/refresh-token", autoConnect: false }),
      new AuthSocket("/chat", { refresh: "/api/refresh-token", autoConnect: false }),
      new AuthSocket("https://chat.example.com/chat", { refresh: "/api/refresh-token", autoConnect: false }),
      new AuthSocket("https://chat.example.com", {
        refresh,
        store: { load, save() {}, clear() {} },
        autoConnect: false,
      }),
      new AuthSocket("https://chat.example.com", {
        session: new AuthSession({ refresh: "https://chat.example.com/refresh" }),
        autoConnect: false,
      }),
    ];
    for (const auth of auths) auth.of("/child");
    expect(auths.map(({ state }) => state.status)).toEqual(Array(5).fill("idle"));
    expect(touched).toEqual([]);
    for (const spy of spies) expect(spy).not.toHaveBeenCalled();
    expect(load).not.toHaveBeenCalled();
    expect(refresh).not.toHaveBeenCalled();
  });
});

describe("dispose() in the midst of what it causes", () => {
  it("B11 a listener that connects as a socket is disposed of makes no ghost, alone or beside a sibling", async () => {
    const server = await startAuthServer();
    const { session } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session, io: FAST }));
    const chat = auth.of("/chat");
    await Promise.all([auth.whenConnected(), chat.whenConnected()]);
    for (const { socket } of [auth, chat]) socket.on("disconnect", () => socket.connect());
    chat.dispose();
    await server.until(() => server.sockets("/chat").length === 0);
    await auth.socket.emitWithAck("ask", 1);
    expect(chat.socket.active).toBe(false);
    auth.dispose();
    await server.until(() => server.sockets().length === 0);
    expect(auth.socket.active).toBe(false);
    expect(server.connections).toBe(2);
  });

  it("2.5 leaves no timer behind, whatever was connected beside it", async () => {
    const server = await startAuthServer();
    const { session, clock } = sessionWith();
    const auth = disposed(
      new AuthSocket(server.url, { session, io: { ...FAST, transports: ["websocket"] } }),
    );
    const chat = auth.of("/chat");
    await Promise.all([auth.whenConnected(), chat.whenConnected()]);
    auth.dispose();
    expect(clock.pending).toBe(0);
  });
});

describe("whenConnected() in a listener", () => {
  it("section 2: at a sign-in waits for the connection, whose state is still to be told", async () => {
    const server = await startAuthServer();
    const { session } = sessionWith({ refresh: async () => null, store: memoryStore() });
    const auth = disposed(new AuthSocket(server.url, { session, io: FAST }));
    await untilStatus(auth, "signedOut");
    const connected = new Promise((resolve) => {
      session.subscribe(({ status }) => {
        if (status === "signedIn") resolve(auth.whenConnected());
      });
    });
    await session.signIn(issueToken());
    await connected;
    expect(auth.state.status).toBe("connected");
  });

  it("section 2: after a connect() there does not reject for what was before it", async () => {
    const server = await startAuthServer();
    const { session } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session, io: FAST }));
    await auth.whenConnected();
    const connected = new Promise((resolve) => {
      const unsubscribe = auth.subscribe(({ status }) => {
        if (status !== "refused") return;
        unsubscribe();
        resolve(auth.connect().whenConnected());
      });
    });
    for (const socket of server.sockets()) {
      socket.emit("auth:revoked", { reason: "moved" });
      socket.disconnect();
    }
    await connected;
    expect(auth.state.status).toBe("connected");
  });
});

describe("a connection that components share", () => {
  it("2.3 goes on while one of them is there, though another has left twice", async () => {
    vi.stubGlobal("document", {});
    const server = await startAuthServer();
    const { session } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session, autoConnect: false }));
    const { subscribe } = connection(auth);
    const leave = subscribe(() => {});
    const stay = subscribe(() => {});
    await auth.whenConnected();
    leave();
    leave();
    // Those who leave are let go in a later task.
    await new Promise((resolve) => setTimeout(resolve));
    expect(auth.state.status).toBe("connected");
    stay();
    await untilStatus(auth, "idle");
  });

  it("2.3 goes on while one of them is there, though a listener has read it as it was opened", async () => {
    vi.stubGlobal("document", {});
    const server = await startAuthServer();
    const { session } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session, autoConnect: false }));
    const shared = connection(auth);
    auth.subscribe(({ status }) => {
      if (status === "connecting") shared.subscribe(() => {})();
    });
    const leave = shared.subscribe(() => {});
    await auth.whenConnected();
    shared.subscribe(() => {});
    leave();
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(auth.state.status).toBe("connected");
  });

  it("2.3 B20 that cannot be opened tells each component that tries", () => {
    vi.stubGlobal("document", {});
    const auth = disposed(new AuthSocket("/chat", { session: sessionWith().session, autoConnect: false }));
    const shared = connection(auth);
    for (const _ of [1, 2]) expect(() => shared.subscribe(() => {})).toThrow(TypeError);
  });

  it("2.3 is not closed where the app had opened it, and Socket.IO had given up before a component came", async () => {
    vi.stubGlobal("document", {});
    const server = await startAuthServer();
    const { session } = sessionWith();
    const io = { reconnection: false };
    const auth = disposed(new AuthSocket(server.url, { session, autoConnect: false, io }));
    await auth.connect().whenConnected();
    server.drop();
    await untilStatus(auth, "idle");
    const leave = connection(auth).subscribe(() => {});
    await auth.whenConnected();
    leave();
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(auth.state.status).toBe("connected");
  });
});
