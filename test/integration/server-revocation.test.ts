import { createServer } from "node:http";
import { createAdapter as createPubSubAdapter } from "@socket.io/redis-adapter";
import { Emitter } from "@socket.io/redis-emitter";
import { createAdapter } from "@socket.io/redis-streams-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { type AuthEvent, authenticate, userRoom } from "../../src/server/index.ts";
import { client, drop, enter, next, serverSide, startServer, Tokens } from "../support/guarded-server.ts";
import { type RedisServer, startRedisServer } from "../support/redis-server.ts";

let redis: RedisServer;

// Where it has to be installed, that takes its time.
beforeAll(async () => {
  redis = await startRedisServer();
}, 600_000);
afterAll(async () => {
  for (const { stop } of [redis, ...others]) await stop();
});

/** Redis servers that were started again, which connections are closed before. */
const others: RedisServer[] = [];

let clusters = 0;

async function connected(url: string) {
  const connection = createClient({ url, socket: { reconnectStrategy: 50 } });
  connection.on("error", () => {});
  // The adapters do not handle errors of publishing, so a Redis that stops in the midst of it causes an unhandled rejection.
  // docs/servers.md tells apps to handle them here.
  const publish = connection.publish.bind(connection);
  Object.assign(connection, {
    publish: (...message: Parameters<typeof publish>) => publish(...message).catch(() => 0),
  });
  await connection.connect();
  onTestFinished(() => connection.close());
  return connection;
}

type Kind = "streams" | "pub/sub";

/** Nodes on one Redis, which are started one by one. */
function newCluster(kind: Kind, url = redis.url) {
  const name = `revocation-${++clusters}`;
  const tokens = new Tokens();
  const adapter = async () => {
    const connection = await connected(url);
    if (kind === "pub/sub") return createPubSubAdapter(connection, await connected(url), { key: name });
    const options = {
      streamName: name,
      channelPrefix: name,
      sessionKeyPrefix: `${name}:`,
      blockTimeInMs: 50,
    };
    return createAdapter(connection, options);
  };
  const startPlain = async () => startServer({ adapter: await adapter(), connectionStateRecovery: {} });
  const start = async (verify = tokens.verify) => {
    const server = await startPlain();
    const events: AuthEvent[] = [];
    const auth = authenticate(server.io, { verify, onEvent: (event) => events.push(event) });
    return { ...server, auth, events };
  };
  return { name, tokens, start, startPlain };
}

/** Waits until each of the servers counts all of them. */
async function meet(...servers: { io: Server }[]): Promise<void> {
  for (const { io } of servers) {
    await vi.waitFor(async () => expect(await io.of("/").adapter.serverCount()).toBe(servers.length), 5_000);
  }
}

const endOf = (socket: ReturnType<typeof client>) =>
  Promise.all([next(socket, "auth:revoked"), next(socket, "disconnect")]);

/** Whether a promise has been kept, and how. */
const outcome = (promise: Promise<void>) =>
  promise.then(
    () => "resolved",
    (error: Error) => error.message,
  );

describe.each<[Kind]>([["streams"], ["pub/sub"]])("V3 disconnectUser over Redis %s", (kind) => {
  it("resolves when all of three nodes have ended the user, in every namespace, and spares others", async () => {
    const { tokens, start } = newCluster(kind);
    const [a, b, c] = [await start(), await start(), await start()];
    for (const { io } of [a, b, c]) io.of(/^\/room-\d+$/);
    await meet(a, b, c);
    const paths = [a.url, b.url, `${b.url}/room-1`, c.url, `${c.url}/room-2`];
    const sockets = paths.map((path) => client(path, { token: tokens.issue() }));
    const bob = client(c.url, { token: tokens.issue({ subject: "bob" }) });
    await Promise.all([...sockets, bob].map(enter));
    expect((await a.auth.devices("alice")).map(({ id }) => id).sort()).toEqual(
      sockets.map(({ id }) => id).sort(),
    );
    const ends = Promise.all(sockets.map(endOf));

    await a.auth.disconnectUser("alice", "gone");

    for (const { io } of [a, b, c]) {
      const left = [...io.of("/").sockets.values()].filter(({ data }) => data.auth.subject === "alice");
      expect(left).toEqual([]);
    }
    expect((await ends).map(([[told]]) => told)).toEqual(paths.map(() => ({ reason: "gone" })));
    expect(bob.connected).toBe(true);
    expect(await c.auth.devices("alice")).toEqual([]);
  });

  it("catches a handshake that is under way on another node", async () => {
    const { tokens, start } = newCluster(kind);
    const a = await start();
    let asked = () => {};
    let answer = () => {};
    const waiting = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const gate = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const b = await start(async (token) => {
      asked();
      await gate;
      return tokens.verify(token);
    });
    await meet(a, b);
    const socket = client(b.url, { token: tokens.issue() });
    const ended = endOf(socket);
    socket.connect();
    await waiting;
    await a.auth.disconnectUser("alice", "gone");
    answer();
    await ended;
  });

  it("rejects where a node has not answered within ten seconds, tells a fault, tries on, and ends the user there at last", async () => {
    const { tokens, start } = newCluster(kind);
    const [a, b] = [await start(), await start()];
    await meet(a, b);
    const near = client(a.url, { token: tokens.issue() });
    const far = client(b.url, { token: tokens.issue() });
    await Promise.all([near, far].map(enter));
    await a.auth.devices("alice");
    // It hears nothing, and says nothing.
    const deaf = b.io.sockets.listeners("authsocket:revoke") as (() => void)[];
    for (const event of ["revoke", "told"]) b.io.sockets.removeAllListeners(`authsocket:${event}`);
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    onTestFinished(() => void process.off("unhandledRejection", unhandled));
    const ended = endOf(near);
    const begun = performance.now();

    void a.auth.disconnectUser("alice", "nobody waits for this");
    expect(await outcome(a.auth.disconnectUser("alice", "gone"))).toContain("within 10 s");

    expect(performance.now() - begun).toBeGreaterThanOrEqual(9_900);
    await ended;
    expect(far.connected).toBe(true);
    expect(a.events.filter(({ type }) => type === "fault")).toHaveLength(2);
    expect(unhandled).not.toHaveBeenCalled();
    const late = endOf(far);
    for (const listener of deaf) b.io.sockets.on("authsocket:revoke" as never, listener as never);
    await late;
  }, 120_000);

  it("ends the user on a server of another version too, by what every Socket.IO server understands", async () => {
    const { tokens, start, startPlain } = newCluster(kind);
    const old = await startPlain();
    old.io.use((socket, answer) => {
      socket.data.auth = { subject: socket.handshake.auth.subject };
      void socket.join(userRoom(socket.handshake.auth.subject));
      answer();
    });
    const a = await start();
    await meet(a, old);
    const alice = client(old.url, { subject: "alice" });
    const bob = client(old.url, { subject: "bob" });
    const listener = client(old.url, { subject: "listener" });
    for (const socket of [alice, bob, listener]) {
      const connected = next(socket, "connect");
      socket.connect();
      await connected;
    }
    // Who was let into the room to hear what alice hears is not alice.
    await serverSide(old.io, listener).join(userRoom("alice"));
    const cut = next(alice, "disconnect");
    await a.auth.disconnectUser("alice", "gone");
    await cut;
    expect([bob.connected, listener.connected]).toEqual([true, true]);
    expect(tokens.seen).toEqual([]);
  });

  it("beside a server that does not guard spares whoever connects to a node after it", async () => {
    const { tokens, start, startPlain } = newCluster(kind);
    const [a, b, plain] = [await start(), await start(), await startPlain()];
    await meet(a, b, plain);
    await a.auth.devices("alice");
    // After it by more than the clocks of two nodes may differ.
    b.io.use(({ handshake }, answer) => {
      handshake.issued += 6_000;
      answer();
    });
    const heard = new Promise<void>((resolve) => b.io.once("authsocket:revoke", () => resolve()));
    const ending = outcome(a.auth.disconnectUser("alice", "gone"));
    await heard;
    const again = client(b.url, { token: tokens.issue() });
    const cut = vi.fn();
    again.on("disconnect", cut);
    await enter(again);
    expect(await ending).toBe("resolved");
    expect(cut).not.toHaveBeenCalled();
  }, 60_000);

  it("resolves beside a server that does not guard, and after a node that has closed", async () => {
    const { tokens, start, startPlain } = newCluster(kind);
    const [a, b, plain] = [await start(), await start(), await startPlain()];
    await meet(a, b, plain);
    await enter(client(a.url, { token: tokens.issue() }));
    await a.auth.devices("alice");
    await b.io.close();
    const begun = performance.now();
    await a.auth.disconnectUser("alice", "gone");
    expect(performance.now() - begun).toBeLessThan(8_000);
  });

  it("while Redis is away ends the user here, waits, and everywhere once Redis is back", async () => {
    const own = await startRedisServer();
    const { tokens, start } = newCluster(kind, own.url);
    const [a, b] = [await start(), await start()];
    await meet(a, b);
    const near = client(a.url, { token: tokens.issue() });
    const far = client(b.url, { token: tokens.issue() });
    await Promise.all([near, far].map(enter));
    await a.auth.devices("alice");
    const [nearEnd, farEnd] = [endOf(near), endOf(far)];

    await own.stop();
    const kept = outcome(a.auth.disconnectUser("alice", "gone"));
    await nearEnd;
    expect(far.connected).toBe(true);
    others.push(await startRedisServer(own.url));

    await farEnd;
    expect(await kept).toBe("resolved");
  }, 120_000);
});

describe("V6 a node that is shut down", () => {
  it.each([1, 2])(
    "may close its Redis connections as soon as it is closed: beside %i other",
    async (count) => {
      const key = `revocation-${++clusters}`;
      const tokens = new Tokens();
      const start = async () => {
        const connections = [createClient({ url: redis.url }), createClient({ url: redis.url })] as const;
        for (const connection of connections) await connection.on("error", () => {}).connect();
        const io = new Server(createServer().listen(0, "127.0.0.1"), {
          adapter: createPubSubAdapter(...connections, { key }),
        });
        const events: string[] = [];
        for (const event of ["hello", "bye"]) io.on(`authsocket:${event}`, () => events.push(event));
        const auth = authenticate(io, { verify: tokens.verify });
        const closed = () =>
          new Promise((resolve) => {
            void io.close(() => resolve(Promise.all(connections.map((connection) => connection.close()))));
          });
        return { io, auth, closed, events };
      };
      const unhandled = vi.fn();
      process.on("unhandledRejection", unhandled);
      onTestFinished(() => void process.off("unhandledRejection", unhandled));
      const node = await start();
      const others = await Promise.all([...Array(count)].map(start));
      await meet(node, ...others);
      // It is asked something, and asks something, while it closes.
      for (const { auth } of [node, ...others]) void auth.disconnectUser("alice", "gone");

      await node.closed();

      for (const { events } of others) await vi.waitFor(() => expect(events).toContain("bye"));
      for (const { closed } of others) await closed();
      expect(unhandled).not.toHaveBeenCalled();
    },
  );
});

describe("V3 a stored session", () => {
  /** Alice connected to a node, and dropped there with a message missed. */
  async function dropped(cluster: ReturnType<typeof newCluster>, node: { io: Server; url: string }) {
    const socket = client(node.url, (answer: (payload: object) => void) =>
      answer({ token: cluster.tokens.issue() }),
    );
    const received: unknown[] = [];
    socket.on("message", (text) => received.push(text));
    await enter(socket);
    await drop(node.io, socket);
    const witness = await connected(redis.url);
    await vi.waitFor(async () => expect(await witness.keys(`${cluster.name}:*`)).toHaveLength(1), 5_000);
    node.io.to(userRoom("alice")).emit("message", "missed");
    return {
      received,
      /** Whether she is recovered on that node. */
      async goesTo({ url, io }: { url: string; io: Server }) {
        Object.assign(socket.io, { uri: url });
        await enter(socket);
        const last = next(socket, "last");
        serverSide(io, socket).emit("last");
        await last;
        return socket.recovered;
      },
    };
  }

  it("of a revoked user is not restored by a node that starts after the revocation", async () => {
    const cluster = newCluster("streams");
    const a = await cluster.start();
    const alice = await dropped(cluster, a);
    await a.auth.disconnectUser("alice", "gone");
    const b = await cluster.start();
    await meet(a, b);
    expect(await alice.goesTo(b)).toBe(false);
    expect(alice.received).toEqual([]);
  });

  it("of a user who was not revoked is restored by such a node, as soon as another has told it", async () => {
    const cluster = newCluster("streams");
    const a = await cluster.start();
    const alice = await dropped(cluster, a);
    await a.auth.disconnectUser("bob", "gone");
    const b = await cluster.start();
    expect(await alice.goesTo(b)).toBe(true);
    expect(alice.received).toEqual(["missed"]);
  });

  it("of before is not restored by the only node when that was started again", async () => {
    const cluster = newCluster("streams");
    const a = await cluster.start();
    const alice = await dropped(cluster, a);
    await a.auth.disconnectUser("alice", "gone");
    await a.io.close();
    const again = await cluster.start();
    expect(await alice.goesTo(again)).toBe(false);
    expect(alice.received).toEqual([]);
  });

  it("of a node that has gone is restored by one that starts, where a third knows the revocations of both", async () => {
    const cluster = newCluster("streams");
    const [a, b] = [await cluster.start(), await cluster.start()];
    await meet(a, b);
    await b.auth.devices("alice");
    const alice = await dropped(cluster, a);
    await a.io.close();
    const c = await cluster.start();
    await vi.waitFor(async () => expect(await c.io.of("/").adapter.serverCount()).toBe(2), 5_000);
    expect(await alice.goesTo(c)).toBe(true);
    expect(alice.received).toEqual(["missed"]);
  });
});

describe("V3 from a process without Socket.IO", () => {
  it("@socket.io/redis-emitter ends a user's connections on all nodes", async () => {
    const { name, tokens, start } = newCluster("pub/sub");
    const [a, b] = [await start(), await start()];
    await meet(a, b);
    const sockets = [a, b].map(({ url }) => client(url, { token: tokens.issue() }));
    const bob = client(b.url, { token: tokens.issue({ subject: "bob" }) });
    await Promise.all([...sockets, bob].map(enter));
    const ends = Promise.all(sockets.map(endOf));

    const emitter = new Emitter(await connected(redis.url), { key: name });
    emitter.serverSideEmit("authsocket:revoke", { subject: "alice", reason: "account closed" });

    expect((await ends).map(([[told]]) => told)).toEqual([
      { reason: "account closed" },
      { reason: "account closed" },
    ]);
    expect(bob.connected).toBe(true);
  });
});

describe("V3 one server alone", () => {
  it("ends the sockets of the user, and nobody whom the app has put into the room of their id", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const auth = authenticate(io, { verify: tokens.verify });
    const host = client(url, { token: tokens.issue() });
    const guest = client(url, { token: tokens.issue({ subject: "bob" }) });
    const told = vi.fn();
    guest.on("auth:revoked", told);
    await Promise.all([enter(host), enter(guest)]);
    await serverSide(io, guest).join(`${host.id}`);
    const ended = endOf(host);
    await auth.disconnectUser("alice", "gone");
    await ended;
    await guest.emitWithAck("auth:renew", {});
    expect(told).not.toHaveBeenCalled();
  });

  it("ends nobody of another namespace whose name and subject read the same, and lets them recover", async () => {
    const { io, url } = await startServer({ connectionStateRecovery: {} });
    const tokens = new Tokens();
    const auth = authenticate(io.of("/a"), { verify: tokens.verify });
    authenticate(io.of("/a b"), { verify: tokens.verify });
    const carol = client(`${url}/a b`, { token: tokens.issue({ subject: "carol" }) });
    await enter(carol);
    await drop(io, carol, "/a b");
    await auth.disconnectUser("b carol", "x");
    await enter(carol);
    expect(carol.recovered).toBe(true);
  });

  it("remembers it although the clock is set forward for a moment", async () => {
    const { io, url } = await startServer({ connectionStateRecovery: {} });
    const tokens = new Tokens();
    const auth = authenticate(io, { verify: tokens.verify });
    const socket = client(url, { token: tokens.issue({ lifetime: 10 * 3_600_000 }) });
    await enter(socket);
    await drop(io, socket);
    await auth.disconnectUser("alice", "gone");
    const { now } = Date;
    vi.spyOn(Date, "now").mockImplementation(() => now.call(Date) + 3_600_000);
    await auth.disconnectUser("bob", "gone");
    vi.mocked(Date.now).mockRestore();
    await enter(socket);
    expect(socket.recovered).toBe(false);
  });
});
