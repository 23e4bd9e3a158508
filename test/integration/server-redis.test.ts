import { createAdapter } from "@socket.io/redis-streams-adapter";
import { createClient } from "redis";
import type { Socket as ClientSocket } from "socket.io-client";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { authenticate, userRoom } from "../../src/server/index.ts";
import {
  client,
  drop,
  enter,
  next,
  refusal,
  serverSide,
  startServer,
  Tokens,
} from "../support/guarded-server.ts";
import { type RedisServer, startRedisServer } from "../support/redis-server.ts";

let redis: RedisServer;

// Where it has to be installed, that takes its time.
beforeAll(async () => {
  redis = await startRedisServer();
}, 600_000);

afterAll(() => redis?.stop());

let clusters = 0;

/** Two Socket.IO servers, joined by the streams of Redis. */
async function startCluster(namespace: string | RegExp = "/", guests = false) {
  const tokens = new Tokens();
  const name = `cluster-${++clusters}`;
  const options = { streamName: name, channelPrefix: name, sessionKeyPrefix: `${name}:`, blockTimeInMs: 50 };
  const start = async () => {
    const connection = createClient({ url: redis.url });
    await connection.connect();
    onTestFinished(() => connection.close());
    const server = await startServer({
      adapter: createAdapter(connection, options),
      connectionStateRecovery: {},
    });
    return { ...server, auth: authenticate(server.io.of(namespace), { verify: tokens.verify, guests }) };
  };
  const [here, there] = [await start(), await start()];
  // Both listen once they count each other.
  for (const { io } of [here, there]) {
    while ((await io.of("/").adapter.serverCount()) < 2);
  }
  const witness = createClient({ url: redis.url });
  await witness.connect();
  onTestFinished(() => witness.close());
  /** A node stores the session of a socket that it has lost in its own time. */
  const stored = async () => {
    while ((await witness.keys(`${name}:*`)).length === 0);
  };
  return { tokens, here, there, stored };
}

type Cluster = Awaited<ReturnType<typeof startCluster>>;

/** Waits until what one node sends reaches the sockets of the other, both ways. */
async function flowing({ here, there }: Cluster, near: ClientSocket, far: ClientSocket): Promise<void> {
  const probes = [
    { from: there, to: near },
    { from: here, to: far },
  ];
  for (const { from, to } of probes) {
    let arrived = false;
    to.once("probe", () => {
      arrived = true;
    });
    while (!arrived) {
      from.io.to(to.id ?? "").emit("probe");
      await to.emitWithAck("auth:renew", {});
    }
  }
}

/** A client of alice's on one node, dropped there, whom the load balancer will send to the other. */
async function hopping(cluster: Cluster, lifetime?: number) {
  const { tokens, here, there } = cluster;
  const payload: { token: unknown } = { token: tokens.issue(lifetime === undefined ? {} : { lifetime }) };
  const socket = client(here.url, (answer: (payload: object) => void) => answer(payload));
  const received: unknown[] = [];
  socket.onAny((event, text) => event.startsWith("auth:") || received.push(text));
  await enter(socket);
  const { id } = socket;
  await drop(here.io, socket);
  Object.assign(socket.io, { uri: there.url });
  return { socket, id, payload, received };
}

/** Enters the other node, and waits until all that is to come from there has come. */
async function hop({ there }: Cluster, socket: ClientSocket): Promise<void> {
  const last = next(socket, "last");
  await enter(socket);
  there.io.emit("last", "last");
  await last;
}

/** Alice on both nodes, and Bob on the second. */
async function aliceOnBoth({ tokens, here, there }: Cluster) {
  const near = client(here.url, { token: tokens.issue() });
  const far = client(there.url, { token: tokens.issue() });
  const bob = client(there.url, { token: tokens.issue({ subject: "bob" }) });
  await Promise.all([near, far, bob].map(enter));
  return { near, far, bob };
}

describe("over Redis streams", () => {
  it("section 5: devices lists the connections of both nodes", async () => {
    const cluster = await startCluster();
    const { here, there } = cluster;
    const { near, far } = await aliceOnBoth(cluster);

    for (const { auth } of [here, there]) {
      const devices = await auth.devices("alice");
      expect(devices.map(({ id }) => id).sort()).toEqual([near.id, far.id].sort());
      for (const device of devices) expect(device.expiresAt).toBeGreaterThan(Date.now());
    }
  });

  it("section 5: disconnectUser tells and ends them on both nodes, and nobody else", async () => {
    const cluster = await startCluster();
    const { here, there } = cluster;
    const { near, far, bob } = await aliceOnBoth(cluster);
    const told = Promise.all([near, far].map((socket) => next(socket, "auth:revoked")));
    const cut = Promise.all([near, far].map((socket) => next(socket, "disconnect")));

    await here.auth.disconnectUser("alice", "gone");

    expect(await told).toEqual([[{ reason: "gone" }], [{ reason: "gone" }]]);
    expect(await cut).toEqual(Array(2).fill([expect.stringContaining("io server disconnect"), undefined]));
    expect((await bob.emitWithAck("auth:renew", {})).code).toBe("token_missing");
    expect(await there.auth.devices("alice")).toEqual([]);
  });

  it("section 5: userRoom reaches the user's sockets on the other node, and nobody else's", async () => {
    const cluster = await startCluster();
    const { tokens, here, there } = cluster;
    const near = client(here.url, { token: tokens.issue({ subject: "bob" }) });
    const far = client(there.url, { token: tokens.issue() });
    await Promise.all([near, far].map(enter));
    await flowing(cluster, near, far);
    const heard: unknown[] = [];
    near.on("message", (text) => heard.push(text));
    const arrived = next(far, "message");
    const all = Promise.all([near, far].map((socket) => next(socket, "all")));

    here.io.to(userRoom("alice")).emit("message", "for alice");
    here.io.emit("all");

    expect((await arrived)[0]).toBe("for alice");
    await all;
    expect(heard).toEqual([]);
  });

  it("section 5: a session of one node is recovered on the other, with the new token's identity and nothing lost", async () => {
    const cluster = await startCluster();
    const { here, there, tokens } = cluster;
    const { socket, id, payload, received } = await hopping(cluster);
    for (let number = 0; number < 50; number++) {
      (number % 2 ? here : there).io.to(userRoom("alice")).emit("message", number);
      here.io.to(userRoom("bob")).emit("message", "for bob");
    }
    payload.token = tokens.issue({ role: "admin" });

    await hop(cluster, socket);

    expect(socket.recovered).toBe(true);
    expect(socket.id).toBe(id);
    expect(received.slice().sort()).toEqual([...Array(50).keys(), "last"].sort());
    expect(serverSide(there.io, socket).data.auth).toMatchObject({
      subject: "alice",
      claims: { role: "admin" },
    });
  });

  it.each([
    ["garbage", () => "garbage", "token_invalid"],
    ["none", () => undefined, "token_missing"],
    ["an expired one", (tokens: Tokens) => tokens.issue({ lifetime: -1 }), "token_expired"],
  ])(
    "T7 with %s for a token, the other node sends nothing that was missed, and T8 spends nothing",
    async (_, issue, code) => {
      const cluster = await startCluster();
      const { socket, payload, received } = await hopping(cluster);
      const valid = payload.token;
      cluster.here.io.emit("message", 1);
      payload.token = issue(cluster.tokens);
      expect((await refusal(socket)).data).toEqual({ code });
      expect(received).toEqual([]);
      cluster.there.io.emit("message", 2);
      payload.token = valid;

      await hop(cluster, socket);

      expect(socket.recovered).toBe(true);
      expect(received).toEqual([1, 2, "last"]);
    },
  );

  it("T6 another user's token enters the other node as that user, with nothing of the former", async () => {
    const cluster = await startCluster();
    const { socket, payload, received } = await hopping(cluster);
    cluster.here.io.to(userRoom("alice")).emit("message", "for alice");
    payload.token = cluster.tokens.issue({ subject: "bob" });

    await hop(cluster, socket);

    expect(socket.recovered).toBe(false);
    expect(received).toEqual(["last"]);
    expect([...serverSide(cluster.there.io, socket).rooms].sort()).toEqual(
      [socket.id, userRoom("bob")].sort(),
    );
  });

  it("V5 a session of one namespace is resumed in no other, with or without tokens there", async () => {
    const cluster = await startCluster();
    const { here, tokens, stored } = cluster;
    authenticate(here.io.of("/admin"), { verify: tokens.verify });
    for (const namespace of ["/admin", "/public"]) {
      const { socket: lost, payload } = await hopping(cluster);
      await stored();
      here.io.of(namespace).to(userRoom("alice")).emit("private");
      const { _pid: pid, _lastOffset: offset } = Object(lost);
      const socket = client(`${here.url}${namespace}`, { ...payload, pid, offset });
      const received: unknown[] = [];
      socket.onAny((event) => received.push(event));
      socket.connect();
      await next(socket, "connect");
      here.io.of(namespace).emit("last");
      await next(socket, "last");
      const { recovered, rooms } = serverSide(here.io, socket, namespace);

      expect(recovered).toBe(false);
      expect(received).not.toContain("private");
      expect(rooms).toContain(socket.id);
      expect(rooms.has(userRoom("alice"))).toBe(namespace === "/admin");
    }
  });

  it("V5 a fresh token resumes on the other node a session whose old token has lapsed meanwhile", async () => {
    const cluster = await startCluster();
    const { tokens, here, there } = cluster;
    const witness = client(there.url, { token: tokens.issue({ subject: "bob", lifetime: 1_500 }) });
    const expired = next(witness, "disconnect");
    const { socket, payload, received } = await hopping(cluster, 500);
    await enter(witness);
    here.io.emit("message", "missed");
    await expired;
    payload.token = tokens.issue();

    await hop(cluster, socket);

    expect(socket.recovered).toBe(true);
    expect(received).toEqual(["missed", "last"]);
  });

  it("V5 B21 a guest is recovered on the other node, with what was missed", async () => {
    const cluster = await startCluster("/", true);
    const { here, there, stored } = cluster;
    const socket = client(here.url, {});
    const received: unknown[] = [];
    const connected = next(socket, "first");
    here.io.once("connection", (server) => server.emit("first"));
    socket.connect();
    await connected;
    socket.onAny((event) => received.push(event));
    await drop(here.io, socket);
    await stored();
    here.io.emit("missed");
    Object.assign(socket.io, { uri: there.url });
    const last = next(socket, "last");
    there.io.once("connection", (server) => server.emit("last"));
    socket.connect();
    await last;
    expect(socket.recovered).toBe(true);
    expect(received).toContain("missed");
  });

  it("V5 an argument that looks like an offset keeps no event from a socket that was recovered", async () => {
    const cluster = await startCluster();
    const { there } = cluster;
    const { socket } = await hopping(cluster);
    await hop(cluster, socket);
    expect(socket.recovered).toBe(true);
    const received: unknown[] = [];
    socket.on("acked", (text, answer) => answer(text));
    socket.on("local", (text) => received.push(text));
    const server = serverSide(there.io, socket);
    expect(await server.timeout(20_000).emitWithAck("acked", "2-1")).toBe("2-1");
    there.io.local.emit("local", "2024-05");
    await server.timeout(20_000).emitWithAck("acked", "2-1");
    expect(received[0]).toContain("2024-05");
  });

  it("section 5: whom one node has disconnected is not recovered on the other", async () => {
    const cluster = await startCluster();
    const { tokens, here, there } = cluster;
    const { socket, received } = await hopping(cluster);
    const other = client(there.url, { token: tokens.issue() });
    await enter(other);
    const told = next(other, "auth:revoked");
    here.io.emit("message", "missed");
    await here.auth.disconnectUser("alice", "x");
    await told;

    await hop(cluster, socket);

    expect(socket.recovered).toBe(false);
    expect(received).toEqual(["last"]);
  });

  it("section 5: ten hops from node to node while one of them sends every five ms: nothing lost or duplicated", async () => {
    const cluster = await startCluster();
    const { tokens, here, there } = cluster;
    const payload: { token: unknown } = { token: tokens.issue() };
    const socket = client(here.url, (answer: (payload: object) => void) => answer(payload));
    const witness = client(there.url, { token: tokens.issue({ subject: "bob" }) });
    await Promise.all([enter(socket), enter(witness)]);
    await flowing(cluster, socket, witness);
    const received: number[] = [];
    socket.on("message", (number: number) => received.push(number));
    let sent = 0;
    const timer = setInterval(() => here.io.to(userRoom("alice")).emit("message", sent++), 5);
    onTestFinished(() => clearInterval(timer));
    let unrecovered = 0;
    for (let hop = 0; hop < 10; hop++) {
      const [from, to] = hop % 2 ? [there, here] : [here, there];
      await next(socket, "message");
      await drop(from.io, socket);
      await cluster.stored();
      Object.assign(socket.io, { uri: to.url });
      payload.token = tokens.issue();
      await enter(socket);
      if (!socket.recovered) unrecovered++;
    }
    clearInterval(timer);
    const last = next(socket, "last");
    here.io.to(userRoom("alice")).emit("last");
    await last;

    expect(unrecovered).toBe(0);
    expect(received).toEqual([...Array(sent).keys()]);
  }, 120_000);
});
