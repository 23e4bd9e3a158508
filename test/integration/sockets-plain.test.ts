import { EventEmitter } from "node:events";
import { AuthSocket, type AuthSocketOptions, memoryStore } from "authsocket";
import { io, Manager, type Socket } from "socket.io-client";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type AuthServer, issueToken, Refusal, startAuthServer, verify } from "../support/auth-server.ts";
import { deferred } from "../support/deferred.ts";
import { disposed } from "../support/disposal.ts";
import { kickForGood } from "../support/kicks.ts";
import { plainSocket } from "../support/plain-socket.ts";
import { slowLineTo } from "../support/slow-line.ts";
import { recordStatuses, until, untilStatus } from "../support/states.ts";
import { uncaught } from "../support/uncaught.ts";

type IoOptions = NonNullable<AuthSocketOptions["io"]>;

const FAST = { reconnectionDelay: 1, reconnectionDelayMax: 1 };

function open(url: string, options: IoOptions = {}, autoConnect = true): AuthSocket {
  return disposed(
    new AuthSocket(url, {
      refresh: async () => issueToken(),
      store: memoryStore({ accessToken: issueToken() }),
      autoConnect,
      io: { ...FAST, ...options },
    }),
  );
}

function openPlain(url: string, options: IoOptions = {}): Socket {
  const socket = io(url, { ...FAST, ...options, auth: { token: issueToken() }, forceNew: true });
  onTestFinished(() => void socket.disconnect());
  return socket;
}

const connected = (socket: Socket) =>
  socket.connected
    ? Promise.resolve()
    : new Promise<void>((resolve) => socket.once("connect", () => resolve()));

/** An AuthSocket, and a plain Socket of `/chat` on its Manager, both connected. */
async function openBeside(options: IoOptions = {}) {
  const server = await startAuthServer();
  const auth = open(server.url, options);
  const plain = plainSocket(auth.socket, "/chat", issueToken()).connect();
  await Promise.all([auth.whenConnected(), connected(plain)]);
  return { server, auth, plain };
}

/** Everything that Socket.IO tells an app of its connection. */
function record(socket: Socket): string[] {
  const log: string[] = [];
  for (const event of ["connect", "connect_error", "disconnect"]) {
    socket.on(event, (detail?: unknown) => log.push(`${event} ${detail ?? ""}`));
  }
  for (const event of [
    "open",
    "close",
    "error",
    "reconnect_attempt",
    "reconnect",
    "reconnect_failed",
  ] as const) {
    socket.io.on(event, (detail?: unknown) => log.push(`manager ${event} ${detail ?? ""}`));
  }
  return log;
}

describe("B19 Socket.IO's own behaviour is unchanged where no token is concerned", () => {
  it("B19 the events of connects, drops and disconnects are those of a plain Socket", async () => {
    const walk = async (make: (server: AuthServer) => Socket) => {
      const server = await startAuthServer();
      const socket = make(server);
      const log = record(socket);
      await connected(socket);
      server.drop();
      await server.until(() => server.connections === 2);
      await connected(socket);
      socket.disconnect();
      await server.until(() => server.sockets().length === 0);
      socket.connect();
      await connected(socket);
      socket.io.engine.close();
      await server.until(() => server.connections === 4);
      await connected(socket);
      socket.disconnect().connect();
      await connected(socket);
      socket.close();
      socket.open();
      await connected(socket);
      server.kick();
      await new Promise((resolve) => socket.once("disconnect", resolve));
      // What follows is a token's matter: the connection was new (B14).
      return [...log];
    };
    const plain = await walk(({ url }) => openPlain(url));
    expect(await walk(({ url }) => open(url).socket)).toEqual(plain);
    expect(plain.length).toBeGreaterThan(15);
  });

  const options: [IoOptions][] = [
    [{}],
    [{ reconnection: false }],
    [{ reconnectionAttempts: 0 }],
    [{ reconnectionAttempts: 3 }],
    [{ reconnectionDelay: 0, reconnectionDelayMax: 0 }],
    [{ randomizationFactor: 0 }],
    [{ timeout: 0 }],
    [{ timeout: 7 }],
  ];
  it.each(options)("B19 the Manager reads back %j as a plain one does", async (given) => {
    const server = await startAuthServer();
    const { io: ours } = open(server.url, { reconnectionDelay: 50, ...given }, false).socket;
    const plain = new Manager(server.url, {
      reconnectionDelay: 50,
      reconnectionDelayMax: 1,
      ...given,
      autoConnect: false,
    });
    const read = (manager: Manager) => [
      manager.reconnection(),
      manager.reconnectionAttempts(),
      manager.reconnectionDelay(),
      manager.reconnectionDelayMax(),
      manager.randomizationFactor(),
      manager.timeout(),
    ];
    expect(read(ours)).toEqual(read(plain));
  });

  it("B19 ackTimeout 0 is a value", async () => {
    const server = await startAuthServer();
    const ours = open(server.url, { ackTimeout: 0 });
    const plain = openPlain(server.url, { ackTimeout: 0 });
    await Promise.all([ours.whenConnected(), connected(plain)]);
    for (const { socket } of [ours, { socket: plain }]) {
      await expect(socket.emitWithAck("hang")).rejects.toThrow("operation has timed out");
    }
  });

  it("B19 path, query and transports reach the engine, and the URL's path names the namespace", async () => {
    const server = await startAuthServer({ path: "/elsewhere" });
    const auth = open(`${server.url}/chat?room=1`, { path: "/elsewhere", transports: ["websocket"] });
    await auth.whenConnected();
    const [socket] = server.sockets("/chat");
    expect(socket?.handshake.query).toMatchObject({ transport: "websocket", room: "1" });
    const other = open(server.url, { path: "/elsewhere", query: { room: "2" } });
    await other.whenConnected();
    expect(server.sockets("/")[0]?.handshake.query).toMatchObject({ room: "2" });
  });

  it("B19 connection state recovery brings the same id and what was missed", async () => {
    const server = await startAuthServer({ connectionStateRecovery: {} });
    const { socket } = open(server.url);
    const heard: number[] = [];
    socket.on("news", (number: number) => heard.push(number));
    await connected(socket);
    server.io.emit("news", 1);
    await socket.emitWithAck("ask", 1);
    const { id } = socket;
    server.drop();
    server.io.emit("news", 2);
    await server.until(() => server.connections === 2);
    await connected(socket);
    await socket.emitWithAck("ask", 2);
    expect(socket.recovered).toBe(true);
    expect(socket.id).toBe(id);
    expect(heard).toEqual([1, 2]);
  });

  it("B19 retries: each event arrives once, in order, over a drop", async () => {
    const server = await startAuthServer();
    const { socket } = open(server.url, { retries: 10, ackTimeout: 5_000 });
    await connected(socket);
    for (let number = 0; number < 20; number++) socket.emit("n", number);
    await server.until(() => server.heard("n").length > 0);
    server.drop();
    await server.until(() => server.heard("n").includes(19));
    expect([...new Set(server.heard("n"))]).toEqual(Array.from({ length: 20 }, (_, number) => number));
    // T12: the one in flight at the drop may come twice.
    expect(server.heard("n").length).toBeLessThanOrEqual(21);
  });

  it("B19 buffered emits of any number arrive once, in order, after a drop", async () => {
    const server = await startAuthServer();
    const { socket } = open(server.url);
    await connected(socket);
    server.drop();
    await new Promise((resolve) => socket.once("disconnect", resolve));
    for (let number = 0; number < 200; number++) socket.emit("n", number);
    await server.until(() => server.heard("n").length >= 200);
    expect(server.heard("n")).toEqual(Array.from({ length: 200 }, (_, number) => number));
  });

  it("B19 volatile emits are dropped while unconnected and sent while connected", async () => {
    const server = await startAuthServer();
    // By polling, Socket.IO drops one while the answer to an earlier request is under way, too.
    const auth = open(server.url, { transports: ["websocket"] }, false);
    auth.socket.volatile.emit("v", 1);
    await auth.connect().whenConnected();
    await auth.socket.emitWithAck("ask", 1);
    auth.socket.volatile.emit("v", 2);
    await auth.socket.emitWithAck("ask", 2);
    expect(server.heard("v")).toEqual([2]);
  });

  it("B19 binary goes both ways", async () => {
    const server = await startAuthServer();
    const { socket } = open(server.url);
    const bytes = Buffer.from([1, 2, 3]);
    expect(await socket.emitWithAck("ask", { bytes })).toEqual({ bytes });
    const heard = new Promise((resolve) => socket.once("bytes", resolve));
    server.io.emit("bytes", bytes);
    expect(await heard).toEqual(bytes);
  });

  it("B19 a custom parser is used", async () => {
    class Encoder {
      encode = (packet: object) => [JSON.stringify({ custom: true, ...packet })];
    }
    class Decoder extends EventEmitter {
      add = (text: string) => this.emit("decoded", JSON.parse(text));
      destroy = () => {};
    }
    const parser = { Encoder, Decoder };
    const server = await startAuthServer({ parser });
    const auth = open(server.url, { parser });
    const packets: string[] = [];
    auth.socket.io.engine.on("packetCreate", ({ data }) => packets.push(String(data)));
    await auth.whenConnected();
    expect(await auth.socket.emitWithAck("ask", 1)).toBe(1);
    expect(packets[0]).toContain(`"custom":true`);
  });

  it("B19 onAny and onAnyOutgoing see the app's events and no others", async () => {
    const server = await startAuthServer();
    const auth = open(server.url);
    const seen: string[] = [];
    auth.socket
      .onAny((event) => seen.push(`in ${event}`))
      .onAnyOutgoing((event) => seen.push(`out ${event}`));
    await auth.whenConnected();
    server.io.emit("hello");
    await auth.socket.emitWithAck("ask", 1);
    expect(seen).toEqual(["out ask", "in hello"]);
  });

  it("B19 reconnection: false leaves a drop at idle, and connect() connects again", async () => {
    const server = await startAuthServer();
    const auth = open(server.url, { reconnection: false });
    const statuses = recordStatuses(auth);
    await auth.whenConnected();
    server.drop();
    await untilStatus(auth, "idle");
    await server.quiet();
    expect(server.connections).toBe(1);
    await auth.connect().whenConnected();
    expect(statuses).toEqual(["connecting", "connected", "idle", "connecting", "connected"]);
  });

  it("B19 reconnection: false leaves a failed handshake at idle too", async () => {
    let allowed = false;
    const server = await startAuthServer({ allowRequest: (_, decide) => decide(null, allowed) });
    const auth = open(server.url, { reconnection: false });
    await untilStatus(auth, "idle");
    allowed = true;
    await auth.connect().whenConnected();
  });

  it("B19 exhausted reconnectionAttempts leave it idle, and connect() connects again", async () => {
    let allowed = true;
    const server = await startAuthServer({ allowRequest: (_, decide) => decide(null, allowed) });
    const auth = open(server.url, { reconnectionAttempts: 2 });
    await auth.whenConnected();
    allowed = false;
    let attempts = 0;
    auth.socket.io.on("reconnect_attempt", () => attempts++);
    server.drop();
    await untilStatus(auth, "idle");
    expect(attempts).toBe(2);
    allowed = true;
    await auth.connect().whenConnected();
    server.drop();
    await until(auth, (state) => state.status === "connecting");
    await auth.whenConnected();
  });

  it("B19 disconnect() after Socket.IO gave up leaves for good: a sibling's connect() does not bring it back", async () => {
    let allowed = false;
    const server = await startAuthServer({ allowRequest: (_, decide) => decide(null, allowed) });
    const auth = open(server.url, { reconnection: false });
    const sibling = auth.of("/sibling");
    await untilStatus(auth, "idle");
    await untilStatus(sibling, "idle");
    expect(auth.disconnect().socket.active).toBe(false);
    allowed = true;
    await sibling.connect().whenConnected();
    expect(server.connects.map(({ namespace }) => namespace)).toEqual(["/sibling"]);
    expect(auth.state).toEqual({ status: "idle" });
  });

  it.each<[string, (socket: Socket) => unknown]>([
    [`off("connect")`, (socket) => socket.off("connect").off("connect_error").off("disconnect")],
    ["off()", (socket) => socket.off()],
    ["removeAllListeners()", (socket) => socket.removeAllListeners()],
    [`removeAllListeners("disconnect")`, (socket) => socket.removeAllListeners("disconnect")],
    [`removeListener("connect")`, (socket) => socket.removeListener("connect")],
  ])("B19 %s by the app does not break the connection", async (_, drop) => {
    const server = await startAuthServer();
    const auth = open(server.url, {}, false);
    const heard = vi.fn();
    auth.socket.on("connect", heard);
    drop(auth.socket);
    server.admit = () => {
      throw new Refusal("busy", { code: "unavailable", retryAfter: 1 });
    };
    auth.connect();
    await until(auth, (state) => state.status === "connecting" && state.attempt > 1);
    server.admit = verify;
    await auth.whenConnected();
    drop(auth.socket);
    server.drop();
    await until(auth, (state) => state.status === "connecting");
    await auth.whenConnected();
    await kickForGood(server, auth);
    for (const event of ["connect", "connect_error", "disconnect"]) {
      expect(auth.socket.listeners(event).filter((listener) => listener !== heard)).toEqual([]);
    }
  });

  it("B19 a listener of the app's that is taken off is off, and the others stay", async () => {
    const server = await startAuthServer();
    const auth = open(server.url, {}, false);
    const [first, second] = [vi.fn(), vi.fn()];
    auth.socket.on("connect", first).on("connect", second);
    expect(auth.socket.off("connect", first)).toBe(auth.socket);
    await auth.connect().whenConnected();
    expect(first).not.toHaveBeenCalled();
    expect(second).toHaveBeenCalledTimes(1);
  });

  it("B19 a plain Socket on the same Manager is an ordinary one", async () => {
    const server = await startAuthServer();
    server.admit = (token, { nsp }) => (nsp.name === "/public" ? undefined : verify(token));
    const auth = open(server.url);
    const beside = plainSocket(auth.socket, "/public").connect();
    await Promise.all([auth.whenConnected(), connected(beside)]);
    expect(await beside.emitWithAck("ask", 1)).toBe(1);
    expect(server.connects.find(({ namespace }) => namespace === "/public")?.payload).toEqual({});
    expect(server.handshakes).toBe(1);
    auth.disconnect();
    await server.until(() => server.sockets("/").length === 0);
    expect(beside.connected).toBe(true);
  });

  it("B11 B24 one that is connected already connects anew as of() takes it over, with the session's token", async () => {
    const { server, auth, plain } = await openBeside();
    const { id } = plain;
    const chat = auth.of("/chat");
    await chat.whenConnected();
    expect(chat.socket).toBe(plain);
    expect(chat.state).toMatchObject({ status: "connected", id: plain.id });
    expect(plain.id).not.toBe(id);
    expect(await chat.socket.emitWithAck("ask", 1)).toBe(1);
    expect(server.sockets("/chat")).toHaveLength(1);
    expect(server.connects.at(-1)?.payload).toEqual({ token: auth.session.token });
    expect(server.handshakes).toBe(1);
    expect(auth.socket.connected).toBe(true);
  });

  it("B12 B16 T4 one whose CONNECT is unanswered connects anew once that is answered", async () => {
    const server = await startAuthServer();
    const auth = open(server.url);
    await auth.whenConnected();
    const admitted = deferred<void>();
    const token = issueToken();
    server.admit = (presented) => (presented === token ? admitted.promise : verify(presented));
    const plain = auth.socket.io.socket("/chat", { auth: { token } }).connect();
    await server.until(() => server.tokens.includes(token));
    const chat = auth.of("/chat");
    expect(chat.socket).toBe(plain);
    await server.quiet();
    expect(server.tokens.slice(1)).toEqual([token]);
    admitted.resolve();
    await chat.whenConnected();
    await server.quiet();
    expect(server.tokens.slice(1)).toEqual([token, auth.session.token]);
    expect(server.sockets("/chat").map(({ id }) => id)).toEqual([plain.id]);
    expect(chat.state).toMatchObject({ status: "connected", id: plain.id });
    expect([server.doubles, server.handshakes]).toEqual([0, 1]);
  });

  it("B12 one whose CONNECT is refused after of() connects anew all the same", async () => {
    const server = await startAuthServer();
    const auth = open(server.url);
    await auth.whenConnected();
    const admitted = deferred<void>();
    server.admit = (presented) => (presented === "bad" ? admitted.promise : verify(presented));
    const plain = auth.socket.io.socket("/chat", { auth: { token: "bad" } }).connect();
    await server.until(() => server.tokens.includes("bad"));
    const chat = auth.of("/chat");
    const refused = vi.fn();
    plain.on("connect_error", refused);
    admitted.reject(new Refusal("bad", { code: "token_invalid" }));
    await chat.whenConnected();
    expect(refused).not.toHaveBeenCalled();
    expect([server.doubles, server.handshakes]).toEqual([0, 1]);
  });

  it("B16 what the server has sent to one before it heard that of() takes it over reaches nobody", async () => {
    const server = await startAuthServer();
    const { url } = await slowLineTo(server.url, 75);
    const auth = open(url, { transports: ["websocket"] });
    await auth.whenConnected();
    const plain = auth.socket.io
      .socket("/chat", { auth: { token: issueToken({ subject: "bob" }) } })
      .connect();
    await connected(plain);
    const news = vi.fn();
    plain.on("news", news);
    const [bobs] = server.sockets("/chat");
    bobs?.conn.once("packet", () => bobs.emit("news", "bob's"));
    const chat = auth.of("/chat");
    await chat.whenConnected();
    server.io.of("/chat").emit("news", "alice's");
    await vi.waitFor(() => expect(news).toHaveBeenCalledWith("alice's"));
    expect(news).toHaveBeenCalledTimes(1);
  });

  it.each(["disconnect", "connect_error"] as const)(
    "T11 B24 one that connects in its %s listener keeps nobody out, however often the connection is lost",
    async (event) => {
      let isDown = true;
      const server = await startAuthServer({ allowRequest: (_, done) => done(null, !isDown) });
      const auth = open(server.url, {}, false);
      const beside = plainSocket(auth.socket, "/chat", issueToken()).connect();
      beside.on(event, () => beside.connect());
      onTestFinished(() => void beside.off(event));
      auth.connect();
      for (let round = 0; round < 3; round++) {
        await until(auth, ({ error }) => error?.code === "unreachable");
        isDown = false;
        await Promise.all([auth.whenConnected(), connected(beside)]);
        isDown = true;
        server.drop();
      }
    },
  );

  it("B12 one that connects as an AuthSocket is disposed of connects once", async () => {
    const { server, auth, plain } = await openBeside();
    const { io } = plain;
    auth.dispose();
    const other = plainSocket({ io }, "/other", issueToken()).connect();
    await connected(other);
    await server.quiet();
    expect(server.sockets("/other")).toHaveLength(1);
    expect([server.doubles, server.handshakes]).toEqual([0, 1]);
  });

  it("B9 T11 one that connects in its disconnect listener, where an option throws, is reported", async () => {
    const { server, auth, plain } = await openBeside({ reconnection: false });
    const reported = uncaught();
    const thrown = new Error("the app's own");
    plain.once("disconnect", () => {
      const get = () => {
        throw thrown;
      };
      Object.defineProperty(auth.socket.io.opts, "query", { enumerable: true, get });
      plain.connect();
    });
    server.drop();
    expect(await reported).toBe(thrown);
  });

  describe("B11 whose own disconnect listener", () => {
    async function takenOver(act: (auth: AuthSocket, plain: Socket) => void) {
      const { server, auth, plain } = await openBeside();
      plain.once("disconnect", () => act(auth, plain));
      return { server, auth, chat: auth.of("/chat") };
    }

    it("B11 asks for it gets the same AuthSocket", async () => {
      const asked: AuthSocket[] = [];
      const { server, auth, chat } = await takenOver((auth) => asked.push(auth.of("/chat")));
      expect(asked).toEqual([chat]);
      expect(auth.of("/chat")).toBe(chat);
      await chat.whenConnected();
      expect(await chat.socket.emitWithAck("ask", 1)).toBe(1);
      expect([server.doubles, server.handshakes]).toEqual([0, 1]);
    });

    it("B11 T4 connects costs the siblings no engine", async () => {
      const { server, auth, chat } = await takenOver((_, plain) => plain.connect());
      await chat.whenConnected();
      await server.quiet();
      expect(await chat.socket.emitWithAck("ask", 1)).toBe(1);
      expect(auth.state.status).toBe("connected");
      expect([server.doubles, server.handshakes]).toEqual([0, 1]);
    });

    it("B11 disposes of its parent ends it, too", async () => {
      const { server, chat } = await takenOver((auth) => auth.dispose());
      await expect(chat.whenConnected()).rejects.toThrow("disposed of");
      await server.until(() => server.sockets().length === 0);
      expect(chat.connect().state.status).toBe("idle");
    });
  });

  it("B9 a plain Socket's callback that throws is reported, and of() connects", async () => {
    const { auth, plain } = await openBeside();
    const reported = uncaught();
    plain.timeout(60_000).emit("unanswered", () => {
      throw new Error("the app's own");
    });
    const chat = auth.of("/chat");
    await chat.whenConnected();
    expect(await reported).toEqual(new Error("the app's own"));
  });

  it("B19 two AuthSockets of one origin have Managers of their own", async () => {
    const server = await startAuthServer();
    const [first, second] = [open(server.url, { reconnectionAttempts: 1 }), open(server.url)];
    await Promise.all([first.whenConnected(), second.whenConnected()]);
    expect(first.socket.io).not.toBe(second.socket.io);
    expect(second.socket.io.reconnectionAttempts()).toBe(Number.POSITIVE_INFINITY);
    expect(server.handshakes).toBe(2);
  });
});

describe("B9 a packet that cannot be encoded", () => {
  it("B24 which was emitted while nothing was connected costs nothing but itself", async () => {
    const reported = uncaught();
    const server = await startAuthServer();
    const auth = open(server.url, {}, false);
    const answer = auth.socket.emitWithAck("id", 10n).catch((error) => error);
    auth.socket.emit("after", "x");
    auth.connect();
    await auth.whenConnected();
    await auth.socket.emitWithAck("ask", 1);
    expect(server.heard("after")).toEqual(["x"]);
    expect((await reported).message).toContain("BigInt");
    expect(await answer).toBeInstanceOf(TypeError);
  });

  it.each<[string, string, (socket: Socket) => void]>([
    ["a packet that cannot be encoded", "BigInt", (socket) => void socket.emit("id", 10n)],
    [
      "an onAnyOutgoing listener that throws",
      "logger",
      (socket) => {
        socket.onAnyOutgoing((event) => {
          if (event === "id") throw new Error("the logger's");
        });
        socket.emit("id", 1);
      },
    ],
  ])(
    "T12 with retries, %s keeps nobody from being connected, nor from being sent",
    async (_, words, spoil) => {
      const server = await startAuthServer();
      const auth = open(server.url, { retries: Number.POSITIVE_INFINITY, ackTimeout: 60_000 }, false);
      spoil(auth.socket);
      let connects = 0;
      auth.socket.on("connect", () => {
        connects++;
        auth.socket.emit("join", 2);
      });
      const joined = new Promise<unknown[]>((resolve) => {
        server.io.on("connection", (socket) => socket.on("join", (...args) => resolve(args)));
      });
      const reported = uncaught();
      auth.connect();
      await auth.whenConnected();
      expect((await reported).message).toContain(words);
      // It wants to be acknowledged, as all that is sent from the queue.
      expect(await joined).toEqual([2, expect.any(Function)]);
      expect(connects).toBe(1);
      expect(server.connects).toHaveLength(1);
    },
  );

  it.each([[50], [60_000]])(
    "T12 B18 with retries, on an open connection, its asker is told at once, and the next are sent; ackTimeout: %s",
    async (ackTimeout) => {
      const server = await startAuthServer();
      const { socket } = open(server.url, { retries: 2, ackTimeout });
      await connected(socket);
      const reported = uncaught();
      const answers = [10n, 1, 2].map((value) => socket.emitWithAck("ask", value).catch((error) => error));
      expect(await Promise.all(answers)).toEqual([expect.any(TypeError), 1, 2]);
      expect((await reported).message).toContain("BigInt");
      // Nothing of it is left that would take another out of the queue.
      for (let value = 3; value < 10; value++) {
        await server.quiet();
        expect(await socket.emitWithAck("ask", value)).toBe(value);
      }
    },
  );

  it("B9 B19 with retries, an onAnyOutgoing listener that throws once costs no event", async () => {
    const server = await startAuthServer();
    const { socket } = open(server.url, { retries: 2, ackTimeout: 60_000 });
    await connected(socket);
    const reported = uncaught();
    const throwing = () => {
      socket.offAnyOutgoing(throwing);
      throw new Error("the logger's");
    };
    socket.onAnyOutgoing(throwing);
    const answers = [1, 2].map((value) => socket.emitWithAck("ask", value));
    expect(await Promise.all(answers)).toEqual([1, 2]);
    expect(server.heard("ask")).toEqual([1, 2]);
    expect((await reported).message).toBe("the logger's");
  });

  it("B9 B18 with retries, whose callback throws too, costs nothing but itself as of() takes over its plain Socket", async () => {
    const server = await startAuthServer();
    const retries = { retries: 3, ackTimeout: 60_000 };
    const auth = open(server.url, retries);
    await auth.whenConnected();
    const reported = uncaught(2);
    auth.socket.io.socket("/chat", retries).emit("ask", 10n, () => {
      throw new Error("the callback's");
    });
    const chat = auth.of("/chat");
    await chat.whenConnected();
    expect((await reported).message).toBe("the callback's");
    expect(await chat.socket.emitWithAck("ask", 1)).toBe(1);
  });

  it("B9 with retries, an acknowledgement callback that throws does not keep the next events from being sent", async () => {
    const server = await startAuthServer();
    const { socket } = open(server.url, { retries: 2, ackTimeout: 60_000 });
    await connected(socket);
    const reported = uncaught();
    socket.emit("ask", 1, () => {
      throw new Error("the callback's");
    });
    expect(await socket.emitWithAck("ask", 2)).toBe(2);
    expect((await reported).message).toBe("the callback's");
  });
});

describe("the Socket's own connect() and disconnect() do what AuthSocket's do", () => {
  it("B1 socket.connect() starts the refresh beside the handshake", async () => {
    const server = await startAuthServer();
    const refresh = vi.fn(async () => issueToken());
    const store = memoryStore({ accessToken: issueToken({ lifetime: -1 }) });
    const auth = disposed(new AuthSocket(server.url, { refresh, store, autoConnect: false }));
    expect(auth.socket.connect()).toBe(auth.socket);
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(auth.state).toMatchObject({ status: "connecting", attempt: 1 });
    await auth.whenConnected();
  });

  it("B12 socket.disconnect() leaves it idle, from connecting and from connected", async () => {
    const server = await startAuthServer();
    const auth = open(server.url);
    expect(auth.socket.disconnect()).toBe(auth.socket);
    expect(auth.state).toEqual({ status: "idle" });
    await server.quiet();
    expect(server.connects).toEqual([]);
    auth.socket.connect();
    await auth.whenConnected();
    auth.socket.close();
    expect(auth.state).toEqual({ status: "idle" });
    await server.until(() => server.sockets().length === 0);
  });

  it("B14 socket.connect() tries again after a refusal, and a signed-out socket waits for signIn()", async () => {
    const server = await startAuthServer();
    const auth = open(server.url);
    await kickForGood(server, auth);
    auth.socket.connect();
    await auth.whenConnected();
    await auth.session.signOut();
    auth.socket.connect();
    expect(auth.state).toMatchObject({ status: "signedOut" });
    await auth.session.signIn(issueToken());
    await auth.whenConnected();
  });
});

describe("T17 a namespace without its slash", () => {
  it.each([undefined, null, 5, {}])("B9 of(%j) throws a TypeError that says what it takes", (namespace) => {
    const auth = disposed(
      new AuthSocket("https://chat.example", { refresh: async () => null, autoConnect: false }),
    );
    expect(() => auth.of(namespace as unknown as string)).toThrow(
      new TypeError('"namespace" must be a string'),
    );
  });

  it("T17 of() adds it, and answers the same AuthSocket for each spelling", async () => {
    const server = await startAuthServer();
    const auth = open(server.url);
    const admin = auth.of("admin");
    expect(auth.of("/admin")).toBe(admin);
    expect(auth.of("/")).toBe(auth);
    expect(auth.of("chat")).not.toBe(admin);
    expect(admin.session).toBe(auth.session);
    expect(admin.socket.io).toBe(auth.socket.io);
    await admin.whenConnected();
    await auth.whenConnected();
    expect(server.connects.map(({ namespace }) => namespace).sort()).toEqual(["/", "/admin", "/chat"]);
    expect(server.handshakes).toBe(1);
  });
});
