import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type AuthEvent, authenticate, type UserSockets, userRoom } from "../../src/server/index.ts";
import { client, drop, enter, next, serverSide, startServer, Tokens } from "../support/guarded-server.ts";
import { MemoryCluster } from "../support/memory-cluster.ts";

const HOUR = 3_600_000;

type Node = Awaited<ReturnType<typeof startServer>> & { auth: UserSockets };

describe("the sockets of a user", () => {
  it("section 5: userRoom reaches all of them and nobody else", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify });
    const [first, second, bob] = ["alice", "alice", "bob"].map((subject) =>
      client(url, { token: tokens.issue({ subject }) }),
    ) as [ReturnType<typeof client>, ReturnType<typeof client>, ReturnType<typeof client>];
    await Promise.all([first, second, bob].map(enter));
    const overheard = vi.fn();
    bob.on("private", overheard);
    const heard = Promise.all([next(first, "private"), next(second, "private"), next(bob, "public")]);

    io.to(userRoom("alice")).emit("private", 1);
    io.emit("public");
    await heard;

    expect(overheard).not.toHaveBeenCalled();
  });

  it("section 5: disconnectUser tells why and disconnects that user's sockets only", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const auth = authenticate(io, { verify: tokens.verify });
    const complaints = vi.spyOn(console, "warn");
    const alice = client(url, { token: tokens.issue() });
    const bob = client(url, { token: tokens.issue({ subject: "bob" }) });
    await Promise.all([enter(alice), enter(bob)]);
    const told: string[] = [];
    alice.on("auth:revoked", ({ reason }) => told.push(reason));
    alice.on("disconnect", (reason) => told.push(reason));
    const cut = next(alice, "disconnect");

    await auth.disconnectUser("alice", "signed out elsewhere");
    await cut;

    expect(told).toEqual(["signed out elsewhere", "io server disconnect"]);
    expect((await bob.emitWithAck("auth:renew", {})).code).toBe("token_missing");
    expect(complaints).not.toHaveBeenCalled();
    complaints.mockRestore();
  });

  it("section 5: disconnectUser ends a socket whose every listener the app has taken off", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const auth = authenticate(io, { verify: tokens.verify });
    io.on("connection", (socket) => socket.removeAllListeners());
    const socket = client(url, { token: tokens.issue() });
    await enter(socket);
    const cut = next(socket, "disconnect");

    await auth.disconnectUser("alice", "x");

    expect((await cut)[0]).toBe("io server disconnect");
  });

  it("section 5: a renewal that is verified while the user is disconnected is not answered, and saves nothing", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    let verify = tokens.verify;
    const auth = authenticate(io, { verify: (token) => verify(token) });
    const socket = client(url, { token: tokens.issue() });
    await enter(socket);
    const server = serverSide(io, socket);
    const before = server.data.auth;
    const verified = new Promise<() => void>((resolve) => {
      verify = async (token) => {
        await new Promise<void>((answer) => resolve(answer));
        return tokens.verify(token);
      };
    });
    const answer = vi.fn();
    socket.emit("auth:renew", { token: tokens.issue() }, answer);
    const release = await verified;
    const cut = next(socket, "disconnect");

    await auth.disconnectUser("alice", "x");
    release();
    await cut;
    verify = tokens.verify;
    await enter(socket);

    expect(server.data.auth).toBe(before);
    expect(answer).not.toHaveBeenCalled();
    expect((await socket.emitWithAck("auth:renew", { token: tokens.issue() })).code).toBeUndefined();
  });

  it("section 5: disconnectUser is no ban", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const auth = authenticate(io, { verify: tokens.verify });
    const socket = client(url, { token: tokens.issue() });
    await enter(socket);
    const cut = next(socket, "disconnect");
    await auth.disconnectUser("alice", "x");
    await cut;

    await enter(socket);

    expect((await socket.emitWithAck("auth:renew", { token: tokens.issue() })).code).toBeUndefined();
  });

  it("section 5: disconnectUser catches a handshake of that user that is under way", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    let asked = () => {};
    let answer = () => {};
    const waiting = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const auth = authenticate(io, {
      verify: async (token) => {
        asked();
        await answered;
        return tokens.verify(token);
      },
    });
    const ended = vi.fn();
    io.on("connection", (socket) => socket.on("disconnect", ended));
    const socket = client(url, { token: tokens.issue() });
    const told = next(socket, "auth:revoked");
    const cut = next(socket, "disconnect");
    socket.connect();
    await waiting;

    await auth.disconnectUser("alice", "banned");
    answer();

    expect(await told).toEqual([{ reason: "banned" }]);
    await cut;
    expect(ended).toHaveBeenCalledOnce();
  });

  it("section 5: devices lists them, as the server sees them", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const auth = authenticate(io, { verify: tokens.verify });
    const socket = client(url, { token: tokens.issue() }, { extraHeaders: { "user-agent": "a browser" } });
    const guest = client(url, { token: tokens.issue({ subject: "bob" }) });
    const before = Date.now();
    await Promise.all([enter(socket), enter(guest)]);
    await serverSide(io, guest).join(userRoom("alice"));

    expect(await auth.devices("alice")).toEqual([
      {
        id: socket.id,
        namespace: "/",
        address: expect.stringMatching(/127\.0\.0\.1|::1/),
        userAgent: "a browser",
        connectedAt: expect.any(Number),
        expiresAt: serverSide(io, socket).data.auth.expiresAt,
      },
    ]);
    expect((await auth.devices("alice"))[0]?.connectedAt).toBeGreaterThanOrEqual(before);
    expect(await auth.devices("nobody")).toEqual([]);
  });

  it("section 5: in a dynamic namespace they are found and ended in each of its rooms", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const auth = authenticate(io.of(/^\/room-\d+$/), { verify: tokens.verify });
    const rooms = [1, 2].map((room) => client(`${url}/room-${room}`, { token: tokens.issue() }));
    await Promise.all(rooms.map(enter));
    const cut = Promise.all(rooms.map((room) => next(room, "disconnect")));

    expect((await auth.devices("alice")).map(({ namespace }) => namespace).sort()).toEqual([
      "/room-1",
      "/room-2",
    ]);
    await auth.disconnectUser("alice", "x");
    await cut;
  });
});

describe("through a cluster adapter", () => {
  async function startCluster(namespace: string | RegExp = "/") {
    const cluster = new MemoryCluster();
    const tokens = new Tokens();
    const start = async () => {
      const server = await startServer({ adapter: cluster.adapter });
      const auth = authenticate(server.io.of(namespace), { verify: tokens.verify });
      return { ...server, auth };
    };
    return { cluster, tokens, here: await start(), there: await start() };
  }

  it("section 5: disconnectUser and devices reach the other node", async () => {
    const { tokens, here, there } = await startCluster();
    const near = client(here.url, { token: tokens.issue() });
    const far = client(there.url, { token: tokens.issue() });
    const bob = client(there.url, { token: tokens.issue({ subject: "bob" }) });
    await Promise.all([near, far, bob].map(enter));

    expect((await here.auth.devices("alice")).map(({ id }) => id).sort()).toEqual([near.id, far.id].sort());

    const told = Promise.all([near, far].map((socket) => next(socket, "auth:revoked")));
    const cut = Promise.all([near, far].map((socket) => next(socket, "disconnect")));
    await here.auth.disconnectUser("alice", "gone");

    expect(await told).toEqual([[{ reason: "gone" }], [{ reason: "gone" }]]);
    await cut;
    expect(bob.connected).toBe(true);
    expect(await there.auth.devices("alice")).toEqual([]);
  });

  it("V3 disconnectUser reaches a node that the adapter does not count", async () => {
    const { tokens, here, there } = await startCluster();
    const far = client(there.url, { token: tokens.issue() });
    await enter(far);
    here.io.of("/").adapter.serverCount = () => Promise.resolve(1);
    const told = next(far, "auth:revoked");
    void here.auth.disconnectUser("alice", "gone");
    expect(await told).toEqual([{ reason: "gone" }]);
  });

  it("V3 disconnectUser asks a server that does not guard, although a node closes meanwhile", async () => {
    const { cluster, here, there } = await startCluster();
    const plain = await startServer({ adapter: cluster.adapter });
    plain.io.use((socket, answer) => {
      socket.data.auth = { subject: "alice" };
      void socket.join(userRoom("alice"));
      answer();
    });
    const alice = client(plain.url, {});
    const connected = next(alice, "connect");
    alice.connect();
    await connected;
    await here.auth.devices("alice");
    // It is asked, and closes before it answers.
    there.io.sockets.removeAllListeners("authsocket:revoke");
    const asked = next(there.io.sockets as never, "authsocket:revoke");
    const cut = next(alice, "disconnect");
    const ended = here.auth.disconnectUser("alice", "gone");
    await asked;
    await there.io.close();
    await ended;
    expect((await cut)[0]).toBe("io server disconnect");
  });

  it("section 5: so it does for a dynamic namespace that exists on the other node only", async () => {
    const { tokens, here, there } = await startCluster(/^\/room-\d+$/);
    const far = client(`${there.url}/room-7`, { token: tokens.issue() });
    await enter(far);
    const told = next(far, "auth:revoked");

    await here.auth.disconnectUser("alice", "gone");

    expect(await told).toEqual([{ reason: "gone" }]);
  });

  it("section 5: devices finds them in dynamic namespaces that exist on the other node only", async () => {
    const { tokens, here, there } = await startCluster(/^\/room-\d+$/);
    const far = client(`${there.url}/room-7`, { token: tokens.issue() });
    const near = client(`${here.url}/room-8`, { token: tokens.issue() });
    const bob = client(`${there.url}/room-7`, { token: tokens.issue({ subject: "bob" }) });
    await Promise.all([far, near, bob].map(enter));

    const devices = await here.auth.devices("alice");

    expect(devices.map(({ id, namespace }) => [namespace, id]).sort()).toEqual([
      ["/room-7", far.id],
      ["/room-8", near.id],
    ]);
  });

  it("V3 disconnectUser and devices mean the namespace with the same pattern, though the other node has guarded one more", async () => {
    const cluster = new MemoryCluster();
    const tokens = new Tokens();
    const [old, latest] = [
      await startServer({ adapter: cluster.adapter }),
      await startServer({ adapter: cluster.adapter }),
    ];
    const guard = ({ io }: typeof old, pattern: RegExp) =>
      authenticate(io.of(pattern), { verify: tokens.verify });
    const rooms = guard(old, /^\/room-\d+$/i);
    guard(latest, /^\/tenant-\d+$/i);
    // Socket.IO asks the patterns in their order, so the second of these has no clients.
    guard(latest, /^\/room-\d+$/i);
    guard(latest, /^\/room-\d+$/i);
    const inRoom = client(`${latest.url}/room-1`, { token: tokens.issue() });
    const inTenant = client(`${latest.url}/tenant-1`, { token: tokens.issue() });
    await Promise.all([inRoom, inTenant].map(enter));
    expect((await rooms.devices("alice")).map(({ namespace }) => namespace)).toEqual(["/room-1"]);
    const end = next(inRoom, "disconnect");
    await rooms.disconnectUser("alice", "banned from the rooms");
    await end;
    await inTenant.emitWithAck("auth:renew", {});
    expect(inTenant.connected).toBe(true);
  });

  it("section 5: eleven authenticated namespaces are no leak of listeners", async () => {
    const warnings = vi.spyOn(process, "emitWarning");
    const { io } = await startServer();
    for (let number = 0; number < 11; number++) {
      authenticate(io.of(`/n${number}`), { verify: new Tokens().verify });
    }
    expect(warnings).not.toHaveBeenCalled();
    warnings.mockRestore();
  });

  it("S1: no token travels between the nodes", async () => {
    const { cluster, tokens, here, there } = await startCluster();
    const token = tokens.issue();
    const socket = client(there.url, { token });
    await enter(socket);
    const renewed = tokens.issue();
    await socket.emitWithAck("auth:renew", { token: renewed });
    await here.auth.devices("alice");
    await here.auth.disconnectUser("alice", "x");

    expect(cluster.traffic).toContain("alice");
    expect(cluster.traffic).not.toContain("secret-");
    expect(tokens.seen).toEqual([token, renewed]);
  });

  it("V6 messages of another shape, from another version or program, are ignored", async () => {
    const cluster = new MemoryCluster();
    const { io, url } = await startServer({ adapter: cluster.adapter });
    const stranger = (await startServer({ adapter: cluster.adapter })).io;
    const tokens = new Tokens();
    const auth = authenticate(io, { verify: tokens.verify });
    const died = vi.fn();
    for (const event of ["unhandledRejection", "uncaughtException"] as const) {
      process.on(event, died);
      onTestFinished(() => void process.off(event, died));
    }
    const hello = new Promise<{ from: string }>((resolve) => stranger.on("authsocket:hello", resolve));
    const { from: to } = await hello;
    const socket = client(url, { token: tokens.issue() });
    await enter(socket);
    const ill = [null, undefined, 1, "x", [], [null], {}];
    for (const name of ["revoke", "devices", "answer", "hello", "told", "bye"]) {
      for (const thing of ill) {
        stranger.serverSideEmit(`authsocket:${name}`, thing);
        const message = { to, from: "x", id: "x", tellers: thing, revocations: thing, covered: thing };
        stranger.serverSideEmit(`authsocket:${name}`, message);
      }
    }
    const end = next(socket, "disconnect");
    stranger.serverSideEmit("authsocket:revoke", { subject: "alice" });
    await end;

    expect(await auth.devices("alice")).toEqual([]);
    expect(died).not.toHaveBeenCalled();
  });

  it.each<[string, unknown[]]>([
    ["id", [null, 42, "", {}, "the same", "the same"]],
    ["from", [null, 42, "", "a program"]],
    ["scope", [null, 42, ""]],
    ["reason", [null, 42, {}]],
    ["ago", [null, "abc", -1_000_000, {}]],
  ])(
    "V3 V6 a revocation whose %s is null or nothing of use disconnects the user and ends no node",
    async (field, ill) => {
      const cluster = new MemoryCluster();
      const { io, url } = await startServer({ adapter: cluster.adapter });
      const stranger = (await startServer({ adapter: cluster.adapter })).io;
      const tokens = new Tokens();
      authenticate(io, { verify: tokens.verify });
      const died = vi.fn();
      process.on("unhandledRejection", died);
      onTestFinished(() => void process.off("unhandledRejection", died));
      await new Promise((resolve) => stranger.on("authsocket:hello", resolve));
      for (const value of ill) {
        const socket = client(url, { token: tokens.issue() });
        await enter(socket);
        const end = Promise.all(["auth:revoked", "disconnect"].map((event) => next(socket, event)));
        stranger.serverSideEmit("authsocket:revoke", { subject: "alice", reason: "closed", [field]: value });
        const [[told]] = (await end) as [unknown[], unknown[]];
        expect(told).toEqual({ reason: field === "reason" ? "" : "closed" });
      }

      // What it then tells a new node is what each version of this package reads.
      const hello = new Promise((resolve) => stranger.on("authsocket:hello", resolve));
      const told = new Promise<{ revocations: unknown[] }>((resolve) =>
        stranger.on("authsocket:told", resolve),
      );
      stranger.serverSideEmit("authsocket:hello", { from: "new", tellers: [] });
      await hello;
      const text = expect.stringMatching(/./);
      const revocation = { id: text, scope: "*", subject: "alice", reason: expect.any(String) };
      expect((await told).revocations).toEqual(ill.map(() => ({ ...revocation, ago: expect.any(Number) })));
      expect(died).not.toHaveBeenCalled();
    },
  );

  it("V3 V6 a program that sends revocations in its own name, with one id, ends the user each time and is not waited for", async () => {
    const cluster = new MemoryCluster();
    const { io, url } = await startServer({ adapter: cluster.adapter });
    const stranger = (await startServer({ adapter: cluster.adapter })).io;
    const tokens = new Tokens();
    const auth = authenticate(io, { verify: tokens.verify });
    for (const from of ["billing", "billing", ""]) {
      const socket = client(url, { token: tokens.issue() });
      await enter(socket);
      const end = next(socket, "disconnect");
      stranger.serverSideEmit("authsocket:revoke", { subject: "alice", id: "closed", from });
      await end;
    }
    await stranger.close();
    await auth.disconnectUser("alice", "gone");
  });

  it("V3 a node that does not answer for ten minutes is a second fault", async () => {
    const cluster = new MemoryCluster();
    const tokens = new Tokens();
    const events: AuthEvent[] = [];
    vi.useFakeTimers({
      toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"],
    });
    onTestFinished(() => void vi.useRealTimers());
    const [here, there] = [
      await startServer({ adapter: cluster.adapter }),
      await startServer({ adapter: cluster.adapter }),
    ];
    const onEvent = (event: AuthEvent) => void events.push(event);
    const auth = authenticate(here.io, { verify: tokens.verify, onEvent });
    authenticate(there.io, { verify: tokens.verify });
    const met = auth.devices("alice");
    await vi.advanceTimersByTimeAsync(5_000);
    await met;
    there.io.sockets.removeAllListeners("authsocket:revoke");
    const ended = auth.disconnectUser("alice", "x").catch((error: Error) => error.message);
    await vi.advanceTimersByTimeAsync(11_000);
    expect(await ended).toContain("within 10 s");
    expect(events).toHaveLength(1);
    for (let minute = 0; minute < 11; minute++) await vi.advanceTimersByTimeAsync(60_000);

    expect(events.map(({ type, namespace, subject }) => [type, namespace, subject])).toEqual([
      ["fault", "*", "alice"],
      ["fault", "*", "alice"],
    ]);
    expect(events[1]?.error).toContain("given up");
  });

  describe("V3 a node that was cut off", () => {
    /** Nodes that start one after the other, on a clock that the test moves. */
    async function startNodes(pauses: number[]) {
      vi.useFakeTimers({
        toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"],
      });
      onTestFinished(() => void vi.useRealTimers());
      const cluster = new MemoryCluster();
      const tokens = new Tokens();
      const nodes = [];
      for (const pause of pauses) {
        await vi.advanceTimersByTimeAsync(pause);
        const options = { adapter: cluster.adapter, connectionStateRecovery: {}, pingInterval: HOUR };
        const server = await startServer(options);
        nodes.push({ ...server, auth: authenticate(server.io, { verify: tokens.verify }) });
      }
      await vi.advanceTimersByTimeAsync(3_000);
      return { cluster, tokens, nodes: nodes as [Node, Node, Node] };
    }

    it("for so long that another has forgotten it hears on its return what was revoked, though it remembers that one", async () => {
      const { cluster, tokens, nodes } = await startNodes([0, 3_500]);
      const [here, there] = nodes;
      const alice = client(there.url, { token: tokens.issue() });
      await enter(alice);
      // Here the last look at who is silent comes at 25 s, there at 28.5 s.
      await vi.advanceTimersByTimeAsync(4_000);
      cluster.cutOff(there.io);
      await vi.advanceTimersByTimeAsync(15_000);
      await here.auth.disconnectUser("alice", "gone");
      cluster.rejoin(there.io);
      const end = next(alice, "disconnect");
      // It hears of this node before it looks for silent ones.
      const asked = here.auth.devices("bob");
      await vi.advanceTimersByTimeAsync(6_000);
      await asked;
      await end;
    });

    it("for seconds hears it from a third, where the node that revoked has crashed", async () => {
      const { cluster, tokens, nodes } = await startNodes([0, 0, 0]);
      const [revoking, absent, witness] = nodes;
      const alice = client(absent.url, { token: tokens.issue() });
      const lost = client(witness.url, { token: tokens.issue() });
      await Promise.all([alice, lost].map(enter));
      await drop(witness.io, lost);
      cluster.cutOff(absent.io);
      revoking.auth.disconnectUser("alice", "gone").catch(() => {});
      await vi.advanceTimersByTimeAsync(2_000);
      cluster.cutOff(revoking.io);
      await vi.advanceTimersByTimeAsync(6_000);
      cluster.rejoin(absent.io);
      const end = next(alice, "disconnect");
      await vi.advanceTimersByTimeAsync(6_000);
      await end;

      // V5: nor does it restore what the third has stored.
      Object.assign(lost.io, { uri: absent.url });
      await enter(lost);
      expect(lost.recovered).toBe(false);
    });

    it("is told no more than once what it cannot have missed", async () => {
      const { cluster, nodes } = await startNodes([0, 0, 0]);
      const [here] = nodes;
      for (const subject of ["alice", "bob", "carol"]) {
        const ended = here.auth.disconnectUser(subject, "gone");
        await vi.advanceTimersByTimeAsync(1_000);
        await ended;
      }
      const emitter = await startServer({ adapter: cluster.adapter });
      emitter.io.serverSideEmit("authsocket:revoke", { subject: "dave" });
      const told = () => cluster.traffic.split("authsocket:told").length;
      const before = told();
      for (let second = 0; second < 120; second++) await vi.advanceTimersByTimeAsync(1_000);
      expect(told()).toBe(before);
    });
  });
});
