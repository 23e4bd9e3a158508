import { once } from "node:events";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type AuthEvent, authenticate } from "../../src/server/index.ts";
import {
  client,
  connect,
  drop,
  enter,
  leaveSession,
  next,
  refusal,
  serverSide,
  startServer,
  Tokens,
  whenLookedUp,
} from "../support/guarded-server.ts";
import { uncaught } from "../support/uncaught.ts";

/** Connects where nobody says hello. */
const missing = { code: "token_missing" };

describe("a Server is guarded whole", () => {
  it("V9 namespaces made before, later and by patterns refuse a client without a token, and know one with it", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    io.of("/before");
    io.of(/^\/pattern-before-\d+$/);
    io.of((name, _auth, answer) => answer(null, name.startsWith("/function-before-")));
    authenticate(io, { verify: tokens.verify });
    io.of("/later");
    io.of(/^\/pattern-later-\d+$/);
    io.of((name, _auth, answer) => answer(null, name.startsWith("/function-later-")));
    const names = [
      "/",
      "/before",
      "/later",
      "/pattern-before-1",
      "/pattern-later-1",
      "/function-before-1",
      "/function-later-1",
    ];
    for (const name of names) {
      expect((await refusal(client(`${url}${name}`, {}))).data, name).toEqual(missing);
      expect((await refusal(client(`${url}${name}`, { token: "garbage" }))).data, name).toEqual({
        code: "token_invalid",
      });
      const socket = client(`${url}${name}`, { token: tokens.issue() });
      await enter(socket);
      expect(serverSide(io, socket, name).data.auth.subject).toBe("alice");
    }
  });

  it("except lets clients in without a token, by name, with or without its slash, and by pattern", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    for (const name of ["/public", "/status", "/open-1", "/open"]) io.of(name);
    authenticate(io, { verify: tokens.verify, except: ["/public", "status", /^\/open-/] });
    for (const name of ["/public", "/status", "/open-1"]) {
      const socket = client(`${url}${name}`, { token: "the app's own" });
      await connect(socket);
      const { data, handshake } = serverSide(io, socket, name);
      expect(data).toEqual({});
      expect(handshake.auth).toEqual({ token: "the app's own" });
    }
    expect((await refusal(client(`${url}/open`, {}))).data).toEqual(missing);
  });

  it("V9 except lets nobody without a token into a namespace whose name has one more slash", async () => {
    const { io, url } = await startServer();
    io.of(/^\/.+$/);
    authenticate(io, { verify: new Tokens().verify, except: ["/public"] });
    await connect(client(`${url}/public`, {}));
    expect((await refusal(client(`${url}//public`, {}))).data).toEqual(missing);
  });

  it.each(["before", "after"])("a namespace goes by its own rules, given %s the Server's", async (when) => {
    const { io, url } = await startServer();
    const [users, admins] = [new Tokens(), new Tokens()];
    const whole = () => authenticate(io, { verify: users.verify, except: ["/admin"] });
    const own = () => authenticate(io.of("/admin"), { verify: admins.verify });
    const [first, second] = when === "before" ? [own(), whole()] : [whole(), own()];
    const [auth, adminAuth] = when === "before" ? [second, first] : [first, second];
    const admin = client(`${url}/admin`, { token: admins.issue() });
    const user = client(url, { token: users.issue() });
    await Promise.all([enter(admin), enter(user)]);
    expect((await refusal(client(`${url}/admin`, { token: users.issue() }))).data).toEqual({
      code: "token_invalid",
    });

    // Two spaces of subjects: alice here is not alice there.
    const cut = next(user, "disconnect");
    await auth.disconnectUser("alice", "x");
    await cut;
    expect(await adminAuth.devices("alice")).toHaveLength(1);
    expect(await auth.devices("alice")).toEqual([]);
    expect(admin.connected).toBe(true);
  });

  it("so does a dynamic namespace, also for a child that was made before", async () => {
    const { io, url } = await startServer();
    const [users, guests] = [new Tokens(), new Tokens()];
    authenticate(io, { verify: users.verify });
    const rooms = io.of(/^\/room-\d+$/);
    await enter(client(`${url}/room-1`, { token: users.issue() }));
    authenticate(rooms, { verify: guests.verify });
    for (const name of ["/room-1", "/room-2"]) {
      await enter(client(`${url}${name}`, { token: guests.issue() }));
      expect((await refusal(client(`${url}${name}`, { token: users.issue() }))).data).toEqual({
        code: "token_invalid",
      });
    }
  });

  it("V3 disconnectUser and devices reach all of the Server's namespaces", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const auth = authenticate(io, { verify: tokens.verify });
    io.of("/chat");
    io.of(/^\/room-\d+$/);
    const names = ["/", "/chat", "/room-7"];
    const sockets = names.map((name) => client(`${url}${name}`, { token: tokens.issue() }));
    await Promise.all(sockets.map(enter));
    expect((await auth.devices("alice")).map(({ namespace }) => namespace).sort()).toEqual(names.sort());
    const told = Promise.all(sockets.map((socket) => next(socket, "auth:revoked")));
    const cut = Promise.all(sockets.map((socket) => next(socket, "disconnect")));

    await auth.disconnectUser("alice", "x");

    expect(await told).toEqual(names.map(() => [{ reason: "x" }]));
    await cut;
  });

  it("V9 no middleware of the app sees a client that has not been verified, wherever and whenever it was added", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const seen: unknown[] = [];
    const watch = (where: string) => (socket: { data: { auth?: { subject: string } } }, next: () => void) => {
      seen.push(`${where} ${socket.data.auth?.subject ?? "UNVERIFIED"}`);
      next();
    };
    io.use(watch("/"));
    io.of("/chat").use(watch("/chat"));
    io.of(/^\/room-\d+$/).use(watch("/room"));
    authenticate(io, { verify: tokens.verify });
    io.use(watch("/"));
    io.of("/later").use(watch("/later"));

    for (const name of ["/", "/chat", "/room-1", "/later"]) {
      await refusal(client(`${url}${name}`, {}));
      await refusal(client(`${url}${name}`, { token: "garbage" }));
      expect(seen.filter((text) => String(text).endsWith("UNVERIFIED"))).toEqual([]);
      await enter(client(`${url}${name}`, { token: tokens.issue() }));
    }

    expect(seen).toEqual(["/ alice", "/ alice", "/chat alice", "/room alice", "/later alice"]);
  });

  it.each<[string, string | RegExp, boolean]>([
    ["a Server", "/chat", false],
    ["a namespace", "/chat", false],
    ["a dynamic namespace", /^\/chat$/, false],
    ["a dynamic namespace that Socket.IO tidies up", /^\/chat$/, true],
  ])(
    "V9 whoever has come to %s before it is guarded is sent away unheard, and who is in a middleware then does not connect",
    async (kind, name, cleanupEmptyChildNamespaces) => {
      const { io, url } = await startServer({ cleanupEmptyChildNamespaces });
      const chat = io.of(name);
      const held = new Promise<() => void>((resolve) =>
        chat.use(({ handshake }, next) => (handshake.auth.late ? resolve(next) : next())),
      );
      const [connected, handled] = [vi.fn(), vi.fn()];
      chat.on("connection", (socket) => {
        connected(socket.handshake.auth);
        socket.on("order", handled);
      });
      const [early, late] = [client(`${url}/chat`, {}), client(`${url}/chat`, { late: true })];
      await connect(early);
      const cut = Promise.all([early, late].map((socket) => next(socket, "disconnect")));
      late.connect();
      const release = await held;
      authenticate(kind === "a Server" ? io : chat, { verify: new Tokens().verify });
      release();
      early.emit("order");
      expect((await cut).map(([reason]) => reason)).toEqual(["transport close", "transport close"]);
      expect(connected.mock.calls).toEqual([[{}]]);
      expect(handled).not.toHaveBeenCalled();
      for (const socket of [early, late]) expect((await refusal(socket)).data).toEqual(missing);
    },
  );

  it("V9 V6 a listener that throws as its client is sent away keeps nobody else in", async () => {
    const { io, url } = await startServer();
    io.on("connection", (socket) =>
      socket.on("disconnect", () => {
        throw new Error(`the app's, of ${socket.handshake.auth.name}`);
      }),
    );
    const clients = ["first", "second"].map((name) => client(url, { name }, { transports: ["polling"] }));
    for (const socket of clients) {
      await connect(socket);
      // Then its engine connection can be closed at once.
      await vi.waitFor(() => expect(serverSide(io, socket).conn.transport.writable).toBe(true));
    }
    const cut = Promise.all(clients.map((socket) => next(socket, "disconnect")));
    const thrown = uncaught(2);
    authenticate(io, { verify: new Tokens().verify });
    await cut;
    expect((await thrown).message).toBe("the app's, of second");
    for (const socket of clients) expect((await refusal(socket)).data).toEqual(missing);
  });

  it.each([
    ["the first in its Server", false],
    ["in a Server that guards already", true],
  ])(
    "V9 V5 whoever is having a session looked up as its namespace is guarded, %s, is sent away unheard",
    async (_what, guardsAlready) => {
      const { io, url } = await startServer({ connectionStateRecovery: {} });
      const rules = { verify: new Tokens().verify };
      if (guardsAlready) authenticate(io.of("/other"), rules);
      whenLookedUp(io, () => authenticate(io, rules));
      const socket = client(url, {});
      await leaveSession(io, socket);
      const seen: string[] = [];
      io.on("connection", (socket) => {
        seen.push(`connection ${socket.connected}`);
        socket.on("disconnect", () => seen.push("disconnect"));
        socket.on("order", () => seen.push("order"));
      });
      const cut = next(socket, "disconnect");
      socket.on("connect", () => socket.emit("order"));
      socket.connect();
      expect(await cut).toContain("transport close");
      expect(seen).toEqual([]);
      expect((await refusal(socket)).data).toEqual(missing);
    },
  );

  it("V9 V3 rules that a namespace gets later hold for those whom the Server's rules have let in, or are letting in", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify });
    const admin = io.of("/admin");
    const held = new Promise<() => void>((resolve) =>
      admin.use(({ handshake }, next) => (handshake.auth.late ? resolve(next) : next())),
    );
    const connected = vi.fn();
    admin.on("connection", ({ handshake }) => connected(handshake.auth));
    const [early, late] = [{}, { late: true }].map((auth) =>
      client(`${url}/admin`, { ...auth, token: tokens.issue() }),
    ) as [ReturnType<typeof client>, ReturnType<typeof client>];
    const elsewhere = client(url, { token: tokens.issue() });
    await Promise.all([early, elsewhere].map(enter));
    const cut = Promise.all([early, late].map((socket) => next(socket, "disconnect")));
    late.connect();
    const release = await held;
    const admins = new Tokens();
    const auth = authenticate(admin, { verify: admins.verify });
    release();
    expect((await cut).map(([reason]) => reason)).toEqual(["transport close", "transport close"]);
    expect(connected.mock.calls).toEqual([[{}]]);
    for (const socket of [early, late]) {
      expect((await refusal(socket)).data).toEqual({ code: "token_invalid" });
    }

    const root = client(`${url}/admin`, { token: admins.issue({ subject: "root" }) });
    await enter(root);
    // Those who are verified by these rules stay.
    authenticate(io.of("/other"), { verify: tokens.verify });
    expect(await auth.devices("root")).toHaveLength(1);
    expect([root.connected, elsewhere.connected]).toEqual([true, true]);
  });

  it("V9 a middleware that never calls next() is answered unavailable fifteen seconds after the CONNECT, verify included", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const events: AuthEvent[] = [];
    vi.useFakeTimers({ shouldAdvanceTime: true, toFake: ["setTimeout", "clearTimeout", "performance"] });
    onTestFinished(() => void vi.useRealTimers());
    authenticate(io, {
      verify: async (token) => {
        await new Promise((resolve) => setTimeout(resolve, 6_000));
        return tokens.verify(token);
      },
      authorize: () => new Promise((resolve) => setTimeout(() => resolve(true), 6_000)),
      onEvent: (event) => events.push(event),
    });
    const reached = new Promise<void>((resolve) => io.use(() => resolve()));
    const refused = refusal(client(url, { token: tokens.issue() }));
    const isRefused = vi.fn();
    void refused.then(isRefused);
    const engine = once(io.engine, "connection");
    await engine;
    await vi.waitFor(() => expect(vi.getTimerCount()).toBeGreaterThan(3));
    await vi.advanceTimersByTimeAsync(6_500);
    await vi.advanceTimersByTimeAsync(6_500);
    await reached;
    expect(isRefused).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(2_500);

    expect((await refused).data).toEqual({ code: "unavailable" });
    expect(events.map(({ type }) => type)).toEqual(["fault", "refused"]);
  });

  it("V9 a middleware that answers after that is the last to run for the client that was refused", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    vi.useFakeTimers({ shouldAdvanceTime: true, toFake: ["setTimeout", "clearTimeout", "performance"] });
    onTestFinished(() => void vi.useRealTimers());
    authenticate(io, { verify: tokens.verify, onEvent: () => {} });
    const later = vi.fn();
    const reached = new Promise<() => void>((resolve) => io.use((_, next) => resolve(next)));
    io.use(later);
    const refused = refusal(client(url, { token: tokens.issue() }));
    const answer = await reached;
    await vi.advanceTimersByTimeAsync(15_500);
    expect((await refused).data).toEqual({ code: "unavailable" });
    answer();
    await new Promise(setImmediate);

    expect(later).not.toHaveBeenCalled();
  });

  it("V8 the first client without a token in a namespace that nobody has entered is one warning that names it and except", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const warnings = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    io.of("/admin");
    io.of("/chat");
    authenticate(io, { verify: tokens.verify });
    await enter(client(`${url}/chat`, { token: tokens.issue() }));
    for (const name of ["/admin", "/admin", "/chat", "/"]) await refusal(client(`${url}${name}`, {}));

    expect(warnings).toHaveBeenCalledTimes(1);
    expect(String(warnings.mock.calls[0]?.[0])).toContain('"/admin"');
    expect(String(warnings.mock.calls[0]?.[0])).toContain("except");
  });

  it("V8 a line break in a name that a client makes up is none in the warning", async () => {
    const { io, url } = await startServer();
    const warnings = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    io.of(/^\/room-/);
    authenticate(io, { verify: new Tokens().verify });
    await refusal(client(url, {}).io.socket("/room-1\nAll is well"));
    expect(String(warnings.mock.calls[0]?.[0])).toContain('"/room-1\\nAll is well"');
  });

  it("V8 names that clients make up are five warnings at most", async () => {
    const { io, url } = await startServer();
    const warnings = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    io.of(/^\/room-\d+$/);
    authenticate(io, { verify: new Tokens().verify });
    for (let number = 0; number < 8; number++) await refusal(client(`${url}/room-${number}`, {}));
    expect(warnings).toHaveBeenCalledTimes(5);
  });
});

describe("B21 guests", () => {
  it("come in without a token, have no identity, and are told nothing of a session", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const events: AuthEvent[] = [];
    authenticate(io, { verify: tokens.verify, guests: true, onEvent: (event) => events.push(event) });
    io.on("connection", (socket) => socket.on("ask", (answer) => answer(socket.data.auth ?? "nobody")));
    const guest = client(url, {});
    const heard = vi.fn();
    guest.onAny(heard);
    await connect(guest);

    expect(await guest.emitWithAck("ask")).toBe("nobody");
    expect(heard).not.toHaveBeenCalled();
    const user = client(url, { token: tokens.issue() });
    await enter(user);
    expect(await user.emitWithAck("ask")).toMatchObject({ subject: "alice" });
    expect(events).toEqual([
      { type: "accepted", namespace: "/", id: guest.id },
      { type: "accepted", namespace: "/", id: user.id, subject: "alice" },
    ]);
  });

  it.each([
    ["garbage", "token_invalid"],
    [42, "token_invalid"],
  ])("a bad token, %s, is refused", async (token, code) => {
    const { io, url } = await startServer();
    authenticate(io, { verify: new Tokens().verify, guests: true });
    expect((await refusal(client(url, { token }))).data).toEqual({ code });
  });

  it("S1 a renewal on a guest's connection is answered, and reaches no listener of the app's", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify, guests: true });
    const heard = vi.fn();
    io.use((socket, next) => {
      socket.use((event, next) => {
        heard(event);
        next();
      });
      next();
    });
    io.on("connection", (socket) => socket.on("auth:renew", heard).prependAny(heard));
    const guest = client(url, {});
    await connect(guest);
    const answer = await guest.emitWithAck("auth:renew", { token: tokens.issue() });
    expect(answer.code).toBe("token_invalid");
    expect(heard).not.toHaveBeenCalled();
  });

  it("T6 a guest's session is resumed by a guest, and by no user; a user's by no guest", async () => {
    const { io, url } = await startServer({ connectionStateRecovery: {} });
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify, guests: true });
    io.on("connection", (socket) => socket.emit("hello"));
    const payload: { token: unknown } = { token: undefined };
    const socket = client(url, (answer: (payload: object) => void) => answer({ ...payload }));
    const greeted = async (token: unknown) => {
      const greeting = next(socket, "hello");
      payload.token = token;
      await connect(socket);
      await greeting;
    };
    const reconnect = async (token: unknown) => {
      await drop(io, socket);
      await greeted(token);
      return socket.recovered;
    };
    await greeted(undefined);
    expect(await reconnect(undefined)).toBe(true);
    expect(serverSide(io, socket).data).toEqual({});
    expect(await reconnect(tokens.issue())).toBe(false);
    expect(await reconnect(tokens.issue())).toBe(true);
    expect(await reconnect(undefined)).toBe(false);
    expect(serverSide(io, socket).data).toEqual({});
  });
});

describe("V9 a dynamic namespace that Socket.IO tidies up", () => {
  async function startRooms() {
    const { io, url } = await startServer({ cleanupEmptyChildNamespaces: true });
    const tokens = new Tokens();
    const waiting: (() => void)[] = [];
    const verify = async (token: string) => {
      if (token.startsWith("secret-")) await new Promise<void>((answer) => waiting.push(answer));
      return tokens.verify(token);
    };
    io.of(/^\/room-\d+$/);
    authenticate(io, { verify });
    const asked = (count: number) => vi.waitFor(() => expect(waiting).toHaveLength(count));
    return { io, url, tokens, waiting, asked };
  }

  it("stays while others are verified, though somebody is refused, and goes with the last", async () => {
    const { io, url, tokens, waiting, asked } = await startRooms();
    const alice = client(`${url}/room-1`, { token: tokens.issue() });
    const entered = enter(alice);
    await asked(1);
    await refusal(client(`${url}/room-1`, {}));
    for (const answer of waiting) answer();
    await entered;
    const heard = next(alice, "hello");
    io.of("/room-1").emit("hello");
    await heard;
    await refusal(client(`${url}/room-1`, {}));
    alice.disconnect();
    await vi.waitFor(() => expect([...io._nsps.keys()]).toEqual(["/"]));
  });

  it.each(["the Server", "the dynamic namespace"])(
    "stays the one that others find while somebody is in a middleware, though %s is guarded then and the others are sent away",
    async (kind) => {
      const { io, url } = await startServer({ cleanupEmptyChildNamespaces: true });
      const rooms = io.of(/^\/room-\d+$/);
      const tokens = new Tokens();
      const held = new Promise<() => void>((resolve) =>
        rooms.use(({ handshake }, next) => (handshake.auth.late ? resolve(next) : next())),
      );
      const early = client(`${url}/room-1`, { token: tokens.issue() });
      const late = client(`${url}/room-1`, { late: true });
      await connect(early);
      late.connect();
      const release = await held;
      const cut = Promise.all([early, late].map((socket) => next(socket, "disconnect")));
      authenticate(kind === "the Server" ? io : rooms, { verify: tokens.verify });
      await cut;
      await enter(early);
      release();
      await refusal(client(`${url}/room-1`, {}));
      const heard = next(early, "hello");
      io.of("/room-1").emit("hello");
      await heard;
      early.disconnect();
      await vi.waitFor(() => expect([...io._nsps.keys()]).toEqual(["/"]));
    },
  );

  it("goes although its only client has left while its token was verified", async () => {
    const { io, url, tokens, waiting, asked } = await startRooms();
    const alice = client(`${url}/room-1`, { token: tokens.issue(), pid: "pid", offset: "offset" });
    alice.connect();
    await asked(1);
    const left = new Promise((resolve) => {
      for (const conn of Object.values(Object(io.engine).clients) as {
        once: (event: string, listener: unknown) => void;
      }[])
        conn.once("close", resolve);
    });
    alice.io.engine.close();
    await left;
    for (const answer of waiting) answer();
    await vi.waitFor(() => expect([...io._nsps.keys()]).toEqual(["/"]));
  });

  it("goes although it got rules of its own while its only client was verified", async () => {
    const { io, url } = await startServer({ cleanupEmptyChildNamespaces: true });
    const rooms = io.of(/^\/room-\d+$/);
    const { verify } = new Tokens();
    const made = vi.fn();
    authenticate(io, {
      verify: (token) => {
        made([...io._nsps.keys()]);
        authenticate(rooms, { verify });
        return verify(token);
      },
    });
    const alice = client(`${url}/room-1`, { token: "token", pid: "pid", offset: "offset" });
    const cut = next(alice, "disconnect");
    alice.connect();
    await cut;
    await vi.waitFor(() => expect([...io._nsps.keys()]).toEqual(["/"]));
    expect(made).toHaveBeenCalledWith(["/", "/room-1"]);
  });

  it("V6 goes so too where a listener of the app's throws as that client is sent away", async () => {
    const { io, url } = await startServer({ cleanupEmptyChildNamespaces: true });
    const rooms = io.of(/^\/room-\d+$/);
    const { verify } = new Tokens();
    io.on("connection", (socket) =>
      socket.on("disconnect", () => {
        throw new Error("the app's");
      }),
    );
    const main = client(url, { token: "token", pid: "pid", offset: "offset" }, { transports: ["polling"] });
    authenticate(io, {
      except: ["/"],
      verify: async (token) => {
        // Then its engine connection can be closed at once.
        await vi.waitFor(() => expect(serverSide(io, main).conn.transport.writable).toBe(true));
        authenticate(rooms, { verify });
        return verify(token);
      },
    });
    await connect(main);
    const thrown = uncaught();
    const alice = main.io.socket("/room-1", { auth: main.auth });
    const cut = next(alice, "disconnect");
    alice.connect();
    await cut;
    expect((await thrown).message).toBe("the app's");
    await vi.waitFor(() => expect([...io._nsps.keys()]).toEqual(["/"]));
  });

  it.each(["alone", "in a Server that guards"])(
    "keeps the rules that its name was given, %s",
    async (where) => {
      const { io, url } = await startServer({ cleanupEmptyChildNamespaces: true });
      io.of(/^\/room-\w+$/);
      const [users, vips] = [new Tokens(), new Tokens()];
      if (where !== "alone") authenticate(io, { verify: users.verify });
      const auth = authenticate(io.of("/room-vip"), { verify: vips.verify });
      const user = client(`${url}/room-vip`, { token: users.issue() });
      for (let attempt = 0; attempt < 2; attempt++) {
        expect((await refusal(user)).data).toEqual({ code: "token_invalid" });
        await vi.waitFor(() => expect([...io._nsps.keys()]).toEqual(["/"]));
      }
      await enter(client(`${url}/room-vip`, { token: vips.issue() }));
      expect(await auth.devices("alice")).toHaveLength(1);
    },
  );

  it("takes rules from an app that gives them each time it is made, and no second ones", async () => {
    const { io, url } = await startServer({ cleanupEmptyChildNamespaces: true });
    io.of(/^\/room-\d+$/);
    const tokens = [new Tokens(), new Tokens()];
    let made = 0;
    io.on("new_namespace", (namespace) => {
      const rules = { verify: (tokens[made++] as Tokens).verify };
      authenticate(namespace, rules);
      expect(() => authenticate(namespace, rules)).toThrow("already called");
    });
    for (const own of tokens) {
      const alice = client(`${url}/room-1`, { token: own.issue() });
      await enter(alice);
      alice.disconnect();
      await vi.waitFor(() => expect([...io._nsps.keys()]).toEqual(["/"]));
    }
    expect(made).toBe(2);
  });

  it.each(["alone", "excepted from the Server's rules"])(
    "is guarded for whoever has a session looked up there as rules empty it, %s",
    async (where) => {
      const { io, url } = await startServer({
        cleanupEmptyChildNamespaces: true,
        connectionStateRecovery: {},
      });
      const { verify } = new Tokens();
      const rooms = io.of(/^\/room-\d+$/);
      if (where !== "alone") authenticate(io, { verify, except: [/^\/room-/] });
      await connect(client(`${url}/room-1`, {}));
      const { adapter } = io.of("/room-1");
      const { restoreSession } = adapter;
      const held = new Promise<() => void>((asked) => {
        adapter.restoreSession = async (pid, offset) => {
          await new Promise<void>((go) => asked(go));
          return restoreSession.call(adapter, pid, offset);
        };
      });
      const late = client(`${url}/room-1`, { pid: "pid", offset: "offset" });
      const [entered, cut] = [vi.fn(), next(late, "disconnect")];
      rooms.on("connection", entered);
      late.on("connect", entered);
      late.connect();
      const release = await held;
      authenticate(rooms, { verify });
      expect([...io._nsps.keys()]).toEqual(["/"]);
      release();
      await cut;
      expect(entered).not.toHaveBeenCalled();
      expect((await refusal(late)).data).toEqual(missing);
    },
  );
});
