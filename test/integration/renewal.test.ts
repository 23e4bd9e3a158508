import { AuthSession, AuthSocket, memoryStore } from "authsocket";
import { authenticate } from "authsocket/server";
import type { Socket } from "socket.io";
import { describe, expect, it, vi } from "vitest";
import { issueToken } from "../support/auth-server.ts";
import { deferred } from "../support/deferred.ts";
import { disposed } from "../support/disposal.ts";
import { client, next, startServer, Tokens } from "../support/guarded-server.ts";
import { identify, live, protect } from "../support/load.ts";
import { slowLineTo } from "../support/slow-line.ts";

const nothing = { lost: 0, duplicated: 0, overtaken: 0 };

const namespaces = ["/", "/chat", "/news"];

describe.each([[["websocket"]], [["polling", "websocket"]]])("renewal under load by %s", (transports) => {
  it("B13 in band, in three namespaces: no disconnect, the same id, nothing lost, duplicated or rejected", async () => {
    const { io, url } = await startServer();
    for (const name of namespaces) authenticate(io.of(name), { verify: async (token) => identify(token) });
    const result = await live(io, namespaces, { url, io: { transports } });
    expect(result).toMatchObject({ disconnects: 0, rejected: 0, up: namespaces.map(() => nothing) });
    expect(result.received).toEqual(namespaces.map(() => nothing));
    expect(result.now).toEqual(result.ids);
    expect(new Set(result.outgoing)).toEqual(new Set(["up"]));
  }, 120_000);
});

it("B14 a plain server that cuts at expiry: the gap is one handshake, as short as plain socket.io-client's, with no refresh in it", async () => {
  const { io, url } = await startServer();
  protect(io.of("/"));
  const line = await slowLineTo(url, 25);
  const transports = ["websocket"];
  const plain = client(line.url, { token: issueToken() });
  const connected = next(plain, "connect");
  plain.connect();
  await connected;
  const [handshake] = line.turns;
  let refreshes = 0;
  const auth = disposed(
    new AuthSocket(line.url, {
      store: memoryStore(),
      io: { transports },
      refresh: async () => {
        refreshes++;
        return issueToken({ lifetime: 1_000 });
      },
    }),
  );
  await auth.whenConnected();
  for (let cut = 0; cut < 2; cut++) {
    const reason = await new Promise((resolve) => auth.socket.once("disconnect", resolve));
    const before = { refreshes, lines: line.turns.length };
    await new Promise<void>((resolve) => auth.socket.once("connect", resolve));
    expect(reason).toBe("io server disconnect");
    expect(line.turns.slice(before.lines)).toEqual([handshake]);
    expect(refreshes).toBe(before.refreshes);
  }
  expect(handshake).toBe(4);
});

it("section 3 a renewal goes to every connected namespace of the session, and to one that connects in its midst", async () => {
  const { io, url } = await startServer();
  const names = ["/", "/chat", "/late"];
  for (const name of names) {
    authenticate(io.of(name), { verify: async (token) => identify(token) });
    io.of(name).on("connection", (socket) => socket.on("ask", (answer: () => void) => answer()));
  }
  const line = await slowLineTo(url, 25);
  const answer = deferred<string>();
  let refresh = async () => issueToken({ lifetime: 60_000 });
  const session = disposed(new AuthSession({ store: memoryStore(), refresh: () => refresh() }));
  const [auth, other] = [line.url, line.url].map((url) => disposed(new AuthSocket(url, { session })));
  if (!auth || !other) throw new Error("unreachable");
  const chat = auth.of("/chat");
  await Promise.all([auth, other, chat].map((socket) => socket.whenConnected()));
  refresh = () => answer.promise;
  const fresh = session.getToken({ forceRefresh: true });

  const verifying = new Promise<void>((resolve) => {
    io.of("/late").use((_, next) => {
      resolve();
      next();
    });
  });
  const late = auth.of("/late");
  await verifying;
  const token = issueToken({ lifetime: 3_600_000 });
  answer.resolve(token);
  await fresh;
  await late.whenConnected();
  // Each renewal has been answered when an event that was sent after it is.
  for (const { socket } of [auth, other, chat, late]) await socket.emitWithAck("ask");

  const sockets = names.flatMap((name) => [...io.of(name).sockets.values()]);
  expect(sockets.map(({ data }) => data.auth.expiresAt)).toEqual(Array(4).fill(identify(token).expiresAt));
  expect([auth, other, chat, late].map(({ state }) => state.status)).toEqual(Array(4).fill("connected"));
});

it("T4 disconnect() during the server's middleware leaves no ghost there, and costs a sibling nothing", async () => {
  const { io, url } = await startServer();
  let release = () => {};
  let asked = () => {};
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  io.of("/slow").use((_, next) => {
    release = () => {
      release = () => {};
      next();
    };
    asked();
  });
  const root = disposed(new AuthSocket(url, { store: memoryStore(), refresh: async () => issueToken() }));
  await root.whenConnected();
  const { id } = root.socket;
  const slow = root.of("/slow");
  await isAsked;
  slow.disconnect();
  const entered = new Promise<Socket>((resolve) => io.of("/slow").once("connection", resolve));
  release();
  const ghost = await entered;
  if (ghost.connected) await new Promise((resolve) => ghost.once("disconnect", resolve));
  const again = new Promise<Socket>((resolve) => io.of("/slow").once("connection", resolve));
  slow.connect();
  await new Promise<void>((resolve) => setImmediate(resolve));
  const letIn = setInterval(() => release(), 5);
  await Promise.all([slow.whenConnected(), again]);
  clearInterval(letIn);
  expect(io.of("/slow").sockets.size).toBe(1);
  expect(root.socket.id).toBe(id);
});

it.each([
  ["a leeway of nothing", { leeway: 0, jitter: 0 }],
  ["a leeway that is longer than the token's life", { leeway: 60_000 }],
])(
  "B4 B14 %s and a server that gives no notice: whoever is cut at the token's end is back",
  async (_, options) => {
    const { io, url } = await startServer();
    authenticate(io, { notice: 0, verify: async (token) => identify(token) });
    const auth = disposed(
      new AuthSocket(url, {
        ...options,
        store: memoryStore(),
        refresh: async () => issueToken({ lifetime: 1_000 }),
      }),
    );
    const statuses: string[] = [];
    auth.subscribe(({ status }) => statuses.push(status));
    const renewed = deferred<void>();
    const tokens = new Set<unknown>();
    auth.session.subscribe((state) => {
      if (state.status === "signedIn" && tokens.add(state.claims?.jti).size === 3) renewed.resolve();
    });
    auth.connect();
    await renewed.promise;
    await auth.whenConnected();
    expect(statuses).not.toContain("refused");
  },
);

it.each(["15000", 0, -1, null])(
  "S5 a server whose auth:session says %j has said nothing",
  async (expiresIn) => {
    const { io, url } = await startServer();
    io.on("connection", (socket) => socket.emit("auth:session", { expiresIn }));
    const auth = disposed(
      new AuthSocket(url, {
        store: memoryStore({ accessToken: issueToken({ lifetime: 60_000 }) }),
        refresh: async () => issueToken(),
      }),
    );
    const { expiresAt } = auth.session.state;
    await next(auth.socket as never, "auth:session");
    expect(expiresAt).toBeGreaterThan(0);
    expect(auth.session.state.expiresAt).toBe(expiresAt);
  },
);

it("B13 a token that the store turns out to hold at a cut goes with the CONNECT, and in no renewal behind it", async () => {
  const { io, url } = await startServer();
  const tokens = new Tokens();
  authenticate(io, { verify: tokens.verify });
  io.on("connection", (socket) => socket.on("ask", (answer: () => void) => answer()));
  const [first, second] = [tokens.issue({ lifetime: 60_000 }), tokens.issue({ lifetime: 50_000 })];
  const store = memoryStore({ accessToken: first, subject: "alice" });
  const auth = disposed(new AuthSocket(url, { store, refresh: async () => tokens.issue() }));
  await next(auth.socket as never, "auth:session");
  await store.save({ accessToken: second, subject: "alice" });
  const again = next(auth.socket as never, "auth:session");
  io.disconnectSockets();
  await again;
  await auth.socket.emitWithAck("ask");
  expect(tokens.seen).toEqual([first, second]);
});

describe.each([
  ["auth:session", { expiresIn: 1 }],
  ["auth:expiring", { expiresIn: 60_000 }],
])("a server that answers every renewal with %s %j", (event, payload) => {
  it("B27 gets no refresh for each", async () => {
    const { io, url } = await startServer();
    io.on("connection", (socket) => {
      socket.emit("auth:session", { expiresIn: 60_000 });
      const say = () => socket.emit(event, payload);
      socket.on("auth:renew", (_: unknown, answer: (answer: object) => void) => {
        answer({ expiresIn: 60_000 });
        say();
      });
      socket.on("ask", (answer: () => void) => answer());
      say();
    });
    const store = memoryStore({ accessToken: issueToken({ lifetime: 60_000 }) });
    const renewed = deferred<void>();
    const refresh = vi.fn(async () => issueToken({ lifetime: 60_000 }));
    const auth = disposed(new AuthSocket(url, { store, refresh }));
    auth.socket.on(event, () => {
      if (refresh.mock.calls.length > 0) renewed.resolve();
    });
    await renewed.promise;
    for (let round = 0; round < 20; round++) await auth.socket.emitWithAck("ask");
    expect(refresh).toHaveBeenCalledOnce();
  });
});
