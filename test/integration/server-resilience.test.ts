import { type ServerOptions, Socket } from "socket.io";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type AuthEvent, authenticate } from "../../src/server/index.ts";
import { client, drop, enter, next, serverSide, startServer, Tokens } from "../support/guarded-server.ts";
import { MemoryCluster } from "../support/memory-cluster.ts";

const HOUR = 3_600_000;

/** Sets the wall clock forward, and nothing else. */
function setClockForward(ms: number): void {
  const { now } = Date;
  vi.spyOn(Date, "now").mockImplementation(() => now.call(Date) + ms);
}

/** Writes down the types of the packets that arrive for "/". */
function arrivals(sibling: ReturnType<typeof client>, types: unknown[]) {
  const names = new Map([
    ["0", "connect"],
    ["1", "disconnect"],
    ["2", "event"],
  ]);
  sibling.io.engine.on("data", (data) => {
    const text = String(data);
    if (!text.includes("/sibling,")) types.push(names.get(text.slice(0, 1)) ?? text);
  });
  /** Resolves when all has arrived that was written before. */
  return () => sibling.emitWithAck("auth:renew", {});
}

/** What would end a process. */
function watchProcess() {
  const died = vi.fn();
  for (const event of ["unhandledRejection", "uncaughtException"] as const) {
    process.on(event, died);
    onTestFinished(() => void process.off(event, died));
  }
  return died;
}

describe("V6 nothing of the app's ends the process or wedges a renewal", () => {
  it.each<[string, (socket: Socket) => void]>([
    ["frozen", (socket) => Object.freeze(socket.data)],
    ["null", (socket) => Object.assign(socket, { data: null })],
    ["undefined", (socket) => Object.assign(socket, { data: undefined })],
    ["replaced", (socket) => Object.assign(socket, { data: { colour: "blue" } })],
    ["redefined", (socket) => Object.defineProperty(socket, "data", { value: Object.freeze({}) })],
    [
      "a class with a getter",
      (socket) => {
        class Data {
          get auth() {
            return "mine";
          }
        }
        Object.assign(socket, { data: new Data() });
      },
    ],
  ])("socket.data that is %s", async (_name, spoil) => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const auth = authenticate(io, { verify: tokens.verify });
    const died = watchProcess();
    io.on("connection", spoil);
    const socket = client(url, { token: tokens.issue() });
    await enter(socket);

    expect(await socket.emitWithAck("auth:renew", { token: tokens.issue({ role: "admin" }) })).toEqual({
      expiresIn: expect.any(Number),
    });
    expect(serverSide(io, socket).data.auth).toMatchObject({ subject: "alice", claims: { role: "admin" } });
    const cut = next(socket, "disconnect");
    await auth.disconnectUser("alice", "x");
    await cut;
    expect(died).not.toHaveBeenCalled();
  });

  it("a listener of the adapter's that throws as a socket joins the room of its user", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const events: AuthEvent[] = [];
    authenticate(io, { verify: tokens.verify, onEvent: (event) => events.push(event) });
    io.of("/").adapter.on("join-room", (room: string) => {
      if (room.startsWith("auth:")) throw new Error("unknown room");
    });
    expect((await enter(client(url, { token: tokens.issue() }))).expiresIn).toBeGreaterThan(0);
    expect(events).toContainEqual(expect.objectContaining({ type: "fault", error: "Error: unknown room" }));
  });

  it("socket.data that cannot be written", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    authenticate(io, {
      verify: tokens.verify,
      authorize: (_, socket: Socket) => {
        Object.defineProperty(socket, "data", { value: Object.freeze({}), writable: false });
        return true;
      },
    });
    const died = watchProcess();
    const socket = client(url, { token: tokens.issue() });
    await enter(socket);
    for (let renewal = 0; renewal < 2; renewal++) {
      const answer = await socket.emitWithAck("auth:renew", { token: tokens.issue() });
      expect(answer).toEqual({ expiresIn: expect.any(Number) });
    }
    expect(died).not.toHaveBeenCalled();
  });

  it("socket.data with a getter that throws, when its client is lost: the client comes back as a new one", async () => {
    const { io, url } = await startServer({ connectionStateRecovery: {} });
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify });
    const died = watchProcess();
    io.on("connection", ({ data }) =>
      Object.defineProperty(data, "profile", {
        enumerable: true,
        get() {
          throw new Error("not loaded yet");
        },
      }),
    );
    const socket = client(url, { token: tokens.issue() });
    await enter(socket);
    await drop(io, socket);
    expect(io.of("/").sockets.size).toBe(0);
    await enter(socket);
    expect(socket.recovered).toBe(false);
    expect(died).not.toHaveBeenCalled();
  });

  it("socket.data.auth is frozen, and what the app puts in its place decides nothing", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const auth = authenticate(io, { verify: tokens.verify });
    const socket = client(url, { token: tokens.issue() });
    await enter(socket);
    const server = serverSide(io, socket);
    expect(Object.isFrozen(server.data.auth)).toBe(true);
    server.data.auth = { subject: "bob", expiresAt: Number.MAX_SAFE_INTEGER, claims: {} };

    expect((await auth.devices("alice")).map(({ id }) => id)).toEqual([socket.id]);
    expect(await auth.devices("bob")).toEqual([]);
    const answer = await socket.emitWithAck("auth:renew", { token: tokens.issue({ subject: "bob" }) });
    expect(answer.code).toBe("token_invalid");
    const cut = next(socket, "disconnect");
    await auth.disconnectUser("alice", "x");
    await cut;
  });

  it.each<[string, () => unknown]>([
    [
      "throws",
      () => {
        throw new Error("the log is full");
      },
    ],
    ["rejects", () => Promise.reject(new Error("the log is full"))],
  ])("an onEvent that %s is one warning", async (_name, onEvent) => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const died = watchProcess();
    const warnings = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    authenticate(io, { verify: tokens.verify, onEvent });
    const socket = client(url, { token: tokens.issue() });
    await enter(socket);
    await socket.emitWithAck("auth:renew", { token: tokens.issue() });
    await socket.emitWithAck("auth:renew", { token: tokens.issue() });
    expect(warnings).toHaveBeenCalledTimes(1);
    expect(died).not.toHaveBeenCalled();
  });

  it.each(["disconnecting", "disconnect"] as const)(
    "a listener to %s that throws keeps neither its socket nor the user's others connected",
    async (event) => {
      const { io, url } = await startServer();
      const tokens = new Tokens();
      const events: AuthEvent[] = [];
      const auth = authenticate(io, { verify: tokens.verify, onEvent: (event) => events.push(event) });
      const died = watchProcess();
      io.on("connection", (socket) =>
        socket.on(event, () => {
          throw new Error("x");
        }),
      );
      const sockets = [1, 2].map(() => client(url, { token: tokens.issue() }));
      const short = client(url, { token: tokens.issue({ subject: "bob", lifetime: 1_000 }) });
      const other = client(url, { token: tokens.issue({ subject: "eve", lifetime: 1_000 }) });
      await Promise.all([...sockets, short, other].map(enter));
      const cut = Promise.all([...sockets, short, other].map((socket) => next(socket, "disconnect")));
      await auth.disconnectUser("alice", "x");
      await cut;
      expect(io.of("/").sockets.size).toBe(0);
      expect(events.filter(({ type }) => type === "fault")).toHaveLength(4);
      expect(died).not.toHaveBeenCalled();
    },
  );

  it.each<[string, (socket: Socket) => void]>([
    [
      "throws",
      () => {
        throw new Error("x");
      },
    ],
    [
      "makes its leaving a room throw",
      (socket) =>
        socket.nsp.adapter.once("leave-room", () => {
          throw new Error("x");
        }),
    ],
    ["disconnects it once more", (socket) => socket.disconnect()],
  ])(
    "V8 a listener to disconnecting that %s leaves the client one DISCONNECT, and its next CONNECT good",
    async (_name, act) => {
      const { io, url } = await startServer();
      const tokens = new Tokens();
      const auth = authenticate(io, { verify: tokens.verify, onEvent: () => {} });
      io.on("connection", (socket) => socket.once("disconnecting", () => act(socket)));
      const sibling = client(`${url}/sibling`, { token: tokens.issue({ subject: "bob" }) });
      io.of("/sibling");
      await enter(sibling);
      const socket = sibling.io.socket("/", { auth: { token: tokens.issue() } });
      await enter(socket);
      const written: unknown[] = [];
      const flushed = arrivals(sibling, written);
      const back = next(socket, "auth:session");
      socket.once("disconnect", () => socket.connect());
      await auth.disconnectUser("alice", "x");
      await back;
      await flushed();

      expect(written).toEqual(["event", "disconnect", "connect", "event"]);
      expect(socket.connected).toBe(true);
      expect(sibling.connected).toBe(true);
    },
  );

  it("V6 an app that has wrapped Socket.IO's disconnect(), and emits there, leaves the client its DISCONNECT", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const auth = authenticate(io, { verify: tokens.verify });
    const { disconnect } = Socket.prototype;
    onTestFinished(() => {
      Socket.prototype.disconnect = disconnect;
    });
    Socket.prototype.disconnect = function (this: Socket, close) {
      this.emit("bye");
      return disconnect.call(this, close);
    };
    const socket = client(url, { token: tokens.issue() });
    await enter(socket);
    const cut = next(socket, "disconnect");
    await auth.disconnectUser("alice", "x");
    expect((await cut)[0]).toBe("io server disconnect");
  });

  it("what is held while authorize hangs after a recovery is bounded, and who sends more comes back later", async () => {
    const { io, url } = await startServer({ connectionStateRecovery: {} });
    const tokens = new Tokens();
    let hang = false;
    authenticate(io, {
      verify: tokens.verify,
      authorize: () => (hang ? new Promise<never>(() => {}) : true),
      onEvent: () => {},
    });
    const handled = vi.fn();
    io.on("connection", (socket) => socket.onAny(handled));
    const socket = client(url, { token: tokens.issue() });
    await enter(socket);
    await drop(io, socket);
    hang = true;
    await enter(socket);
    const cut = next(socket, "disconnect");
    for (let number = 0; number < 20; number++) socket.emit("flood", "x".repeat(100_000));

    expect((await cut)[0]).toBe("transport close");
    expect(handled).not.toHaveBeenCalled();
    hang = false;
    await enter(socket);
    expect(socket.recovered).toBe(true);
  });
});

describe("V6 an onAnyOutgoing that throws", () => {
  it.each<[string, Partial<ServerOptions>]>([
    ["without recovery", {}],
    ["with recovery", { connectionStateRecovery: {} }],
    ["in a cluster", { connectionStateRecovery: {}, adapter: new MemoryCluster().adapter }],
  ])("is a fault, and keeps no event of the protocol from the client: %s", async (_name, options) => {
    const { io, url } = await startServer(options);
    const tokens = new Tokens();
    const events: AuthEvent[] = [];
    const auth = authenticate(io, { verify: tokens.verify, onEvent: (event) => events.push(event) });
    const died = watchProcess();
    io.use((socket, next) => {
      socket.onAnyOutgoing(() => {
        throw new Error("x");
      });
      next();
    });
    const socket = client(url, { token: tokens.issue() });
    await enter(socket);
    expect((await auth.devices("alice")).map(({ id }) => id)).toEqual([socket.id]);
    const expiring = next(socket, "auth:expiring");
    setClockForward(HOUR - 9_000);
    await expiring;
    const end = Promise.all([next(socket, "auth:revoked"), next(socket, "disconnect")]);
    await auth.disconnectUser("alice", "x");

    // An adapter with recovery adds an offset.
    expect((await end)[0][0]).toEqual({ reason: "x" });
    expect(events.filter(({ type }) => type === "fault").length).toBeGreaterThanOrEqual(3);
    expect(died).not.toHaveBeenCalled();
  });
});

describe("V6 a connection is ended", () => {
  it("although the app has put something in the place of socket.disconnect", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const auth = authenticate(io, { verify: tokens.verify });
    io.on("connection", (socket) => {
      const { disconnect } = socket;
      socket.disconnect = (close) => {
        setImmediate(() => disconnect.call(socket, close));
        return socket;
      };
    });
    const socket = client(url, { token: tokens.issue() });
    const bob = client(url, { token: tokens.issue({ subject: "bob" }) });
    await Promise.all([socket, bob].map(enter));
    const cut = Promise.all([socket, bob].map((socket) => next(socket, "disconnect")));
    await auth.disconnectUser("alice", "x");
    setClockForward(2 * HOUR);
    await cut;
  });

  it("once, although the app ends the user again while it is disconnecting", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const events: AuthEvent[] = [];
    const auth = authenticate(io, { verify: tokens.verify, onEvent: (event) => events.push(event) });
    const died = watchProcess();
    io.on("connection", (socket) => {
      socket.on("disconnecting", () => void auth.disconnectUser("alice", "again"));
    });
    const socket = client(url, { token: tokens.issue() });
    await enter(socket);
    const told = next(socket, "auth:revoked");
    const cut = next(socket, "disconnect");
    await auth.disconnectUser("alice", "x");
    await cut;

    expect(await told).toEqual([{ reason: "x" }]);
    expect(events.map(({ type }) => type)).toEqual(["accepted", "revoked"]);
    expect(died).not.toHaveBeenCalled();
  });
});

describe("V6 a broadcast whose last argument cannot be read as text is delivered", () => {
  const adapter = new MemoryCluster().adapter;

  it.each<[string, Partial<ServerOptions>]>([
    ["without recovery", {}],
    ["with recovery, which does not store a volatile event", { connectionStateRecovery: {} }],
    ["in a cluster", { connectionStateRecovery: {}, adapter }],
  ])("%s", async (_name, options) => {
    const { io, url } = await startServer(options);
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify });
    const died = watchProcess();
    io.on("connection", (socket) => {
      socket.on("chat", (message: unknown) => io.volatile.emit("chat", message));
      socket.on("group", () => io.volatile.emit("chat", Object.assign(Object.create(null), { a: 1 })));
    });
    const socket = client(url, { token: tokens.issue() });
    await enter(socket);
    const hostile = { toString: 1, valueOf: 1 };

    socket.emit("chat", hostile);
    expect((await next(socket, "chat"))[0]).toEqual(hostile);
    socket.emit("group");
    expect((await next(socket, "chat"))[0]).toEqual({ a: 1 });
    expect(died).not.toHaveBeenCalled();
  });
});

describe("onEvent", () => {
  it("tells each thing that happens to a connection, once and in order, and never a token", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const events: AuthEvent[] = [];
    const auth = authenticate(io, { verify: tokens.verify, onEvent: (event) => events.push(event) });
    const socket = client(url, { token: tokens.issue() });
    await enter(socket);
    const { id } = socket;
    await socket.emitWithAck("auth:renew", { token: tokens.issue() });
    await socket.emitWithAck("auth:renew", { token: "garbage" });
    const gone = next(socket, "disconnect");
    await auth.disconnectUser("alice", "x");
    await gone;
    const short = client(url, { token: tokens.issue({ subject: "bob", lifetime: 1_000 }) });
    const cut = next(short, "disconnect");
    await enter(short);
    const shortId = short.id;
    await cut;

    const namespace = "/";
    expect(events).toEqual([
      { type: "accepted", namespace, id, subject: "alice" },
      { type: "renewed", namespace, id, subject: "alice" },
      { type: "refused", namespace, id, subject: "alice", code: "token_invalid" },
      { type: "revoked", namespace, id, subject: "alice", code: "token_revoked" },
      { type: "accepted", namespace, id: shortId, subject: "bob" },
      { type: "cut", namespace, id: shortId, subject: "bob", code: "token_expired" },
    ]);
    expect(JSON.stringify(events)).not.toContain("secret-");
  });

  it("tells who was refused, and what an app's middleware said", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const events: AuthEvent[] = [];
    authenticate(io, {
      verify: tokens.verify,
      authorize: ({ claims }) => claims.role === "admin",
      onEvent: (event) => events.push(event),
    });
    io.use((_, answer) => answer(new Error("full")));
    for (const role of ["user", "admin"]) {
      const socket = client(url, { token: tokens.issue({ role }) });
      await expect(enter(socket)).rejects.toBeDefined();
    }
    expect(events).toMatchObject([
      { type: "refused", namespace: "/", subject: "alice", code: "insufficient_scope" },
      { type: "refused", namespace: "/", subject: "alice", error: "Error: full" },
    ]);
  });
});

describe("V7 two copies of the package", () => {
  it("are one: the second finds what the first guards, and its users", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const auth = authenticate(io, { verify: tokens.verify });
    vi.resetModules();
    const copy = await import("../../src/server/index.ts");
    expect(copy.authenticate).not.toBe(authenticate);
    expect(() => copy.authenticate(io, { verify: tokens.verify })).toThrow("already called for this Server");
    const chat = copy.authenticate(io.of("/chat"), { verify: tokens.verify });
    await enter(client(`${url}/chat`, { token: tokens.issue() }));
    await enter(client(url, { token: tokens.issue() }));
    expect(await chat.devices("alice")).toHaveLength(1);
    expect(await auth.devices("alice")).toHaveLength(1);
  });
});

describe("V8 revoking", () => {
  it("one user of fifty thousand sockets looks at that user's only", async () => {
    const { io } = await startServer();
    const auth = authenticate(io, { verify: new Tokens().verify });
    const all = vi.spyOn(io.of("/").sockets, "values");
    const fetched = vi.spyOn(io.of("/").adapter, "fetchSockets");
    await auth.disconnectUser("alice", "x");
    await auth.devices("alice");
    expect(all).not.toHaveBeenCalled();
    expect(fetched).not.toHaveBeenCalled();
  });

  it.each([
    ["subject", [42, "x"]],
    ["reason", ["alice", undefined]],
  ])(
    "a %s that is no text is a TypeError at the call, which needs no await to be seen",
    async (name, [subject, reason]) => {
      const { io } = await startServer();
      const auth = authenticate(io, { verify: new Tokens().verify });
      expect(() => auth.disconnectUser(subject as string, reason as string)).toThrow(`"${name}" must be`);
      if (name === "subject") expect(() => auth.devices(subject as string)).toThrow(`"${name}" must be`);
    },
  );
});
