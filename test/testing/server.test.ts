import { type AuthSocket, AuthSocketError, memoryStore } from "authsocket";
import { createTestServer, type TestServer } from "authsocket/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { uncaught } from "../support/uncaught.ts";

let server: TestServer;

beforeEach(() => {
  server = createTestServer();
});

afterEach(() => server.close());

/** A connected AuthSocket of that user. */
async function connect(subject = "alice", lifetime = 60_000): Promise<AuthSocket> {
  const auth = server.socket({ store: memoryStore(server.issue({ subject, lifetime })) });
  await server.settled();
  expect(auth.state.status).toBe("connected");
  return auth;
}

describe("a client of the server in memory", () => {
  it("is a real AuthSocket that is signed out until somebody signs in", async () => {
    const auth = server.socket();
    await server.settled();
    expect(auth.state.status).toBe("signedOut");
    await auth.session.signIn(server.issue({ subject: "alice" }));
    await server.settled();
    expect(auth.state).toMatchObject({ status: "connected", id: auth.socket.id });
    expect(auth.session.state).toMatchObject({ status: "signedIn", subject: "alice" });
  });

  it("is connected by a token that its store holds", async () => {
    await connect();
    expect(server.sockets.map(({ subject }) => subject)).toEqual(["alice"]);
  });

  it("refreshes an expired token before it connects", async () => {
    const tokens = server.issue({ subject: "alice", lifetime: -1 });
    const auth = server.socket({ store: memoryStore(tokens) });
    await server.settled();
    expect(auth.state.status).toBe("connected");
    expect(server.refresh.calls).toMatchObject([{ subject: "alice", status: 200 }]);
    expect(server.refusals).toEqual([]);
  });

  it("is refreshed at whatever URL the app has for it", async () => {
    const store = memoryStore(server.issue({ lifetime: -1 }));
    const auth = server.socket({ store, refresh: { url: "/api/refresh-token", headers: { "X-App": "1" } } });
    await server.settled();
    expect(auth.state.status).toBe("connected");
  });

  it("is refreshed by the app's own function where it has one", async () => {
    const refresh = async () => server.issue({ subject: "alice" });
    const auth = server.socket({ refresh });
    await server.settled();
    expect(auth.session.state).toMatchObject({ status: "signedIn", subject: "alice" });
    expect(server.refresh.calls).toEqual([]);
  });

  it("is not refreshed by an access token alone: nothing tells the endpoint who asks", async () => {
    const auth = server.socket();
    await auth.session.signIn({ accessToken: server.issue({ lifetime: 60_000 }).accessToken });
    await server.clock.advance(120_000);
    expect(auth.session.state).toMatchObject({ status: "signedOut", error: { code: "session_expired" } });
  });

  it("is refreshed by the cookie of its own login, and is given no refresh token then", async () => {
    const stores = ["alice", "bob"].map((subject) => {
      const { accessToken } = server.login({ subject, lifetime: 60_000 });
      return memoryStore({ accessToken });
    });
    const [alice, bob] = stores.map((store) => server.socket({ store }));
    await server.clock.advance(120_000);
    expect([alice?.session.state.subject, bob?.session.state.subject]).toEqual(["alice", "bob"]);
    for (const store of stores) expect(await store.load()).not.toHaveProperty("refreshToken");
  });

  it("is refreshed by the cookie that a login has set", async () => {
    server.login({ subject: "alice" });
    const auth = server.socket();
    await server.settled();
    expect(auth.session.state).toMatchObject({ status: "signedIn", subject: "alice" });
  });

  it("is refreshed by GET, by the cookie, if it holds only the access token", async () => {
    const auth = server.socket({ refresh: { url: "/api/refresh-token", method: "GET" } });
    const { accessToken } = server.login({ lifetime: 60_000 });
    await auth.session.signIn({ accessToken });
    await server.clock.advance(120_000);
    expect(auth.state.status).toBe("connected");
  });

  it("is connected by a session cookie, and renews the session", async () => {
    server.login({ subject: "alice", lifetime: 60_000 });
    const auth = server.socket({ credential: "cookie" });
    await server.settled();
    expect(auth.state.status).toBe("connected");
    expect(server.sockets.map(({ subject }) => subject)).toEqual(["alice"]);
    await server.clock.advance(120_000);
    expect(auth.state.status).toBe("connected");
    expect(server.refresh.calls.length).toBeGreaterThan(0);
  });

  it("shares a session of the server's with others", async () => {
    const session = server.session();
    const [first, second] = [server.socket({ session }), server.socket({ session }, "/chat")];
    await session.signIn(server.issue());
    await server.settled();
    expect([first.state.status, second.state.status]).toEqual(["connected", "connected"]);
    expect(server.of("/chat").sockets).toHaveLength(1);
  });

  it("with a name of the app's own is another session than that of the test before", async () => {
    for (let test = 0; test < 2; test++) {
      server.login();
      const auth = server.socket({ name: "chat" });
      await server.settled();
      expect(auth.state.status).toBe("connected");
      await server.clock.advance(8 * 3_600_000);
      expect(auth.state.status).toBe("connected");
      await server.close();
      server = createTestServer();
    }
  });

  it("takes turns to refresh with those of the same name", async () => {
    server.login();
    server.refresh.hang();
    server.socket({ name: "chat" });
    server.socket({ name: "chat" });
    await server.settled();
    expect(server.refresh.pending).toBe(1);
    server.socket({ name: "shop" });
    await server.settled();
    expect(server.refresh.pending).toBe(2);
  });

  it("has no empty name", () => {
    expect(() => server.socket({ name: "" })).toThrow(TypeError);
  });

  it("reconnects as another user where another one signs in", async () => {
    const auth = await connect("alice");
    await auth.session.signIn(server.issue({ subject: "bob" }));
    await server.settled();
    expect(server.sockets.map(({ subject }) => subject)).toEqual(["bob"]);
  });

  it("is a guest without a token where the server has guests, and a user after sign-in", async () => {
    await server.close();
    server = createTestServer({ guests: true });
    const auth = server.socket({ anonymous: true });
    await server.settled();
    expect(auth.state).toMatchObject({ status: "connected", anonymous: true });
    expect(server.sockets.map(({ subject }) => subject)).toEqual([undefined]);
    await auth.session.signIn(server.issue({ subject: "alice" }));
    await server.settled();
    expect(server.sockets.map(({ subject }) => subject)).toEqual(["alice"]);
  });

  it.each<[string, (token?: string) => object]>([
    ["beside others, with Bearer", (token) => ({ authorization: `Bearer ${token}`, room: "red" })],
    ["in an object", (token) => ({ auth: { token } })],
    [
      "in an object in an array",
      (token) => ({ headers: [{ name: "authorization", value: `bearer ${token}` }] }),
    ],
  ])("is known by its token wherever the app's payload has it: %s", async (_, payload) => {
    const store = memoryStore(server.issue({ subject: "alice" }));
    server.socket({ store, payload });
    await server.settled();
    expect(server.sockets.map(({ subject }) => subject)).toEqual(["alice"]);
  });
});

describe("events", () => {
  it("go both ways, in their order", async () => {
    const auth = await connect();
    const heard: unknown[] = [];
    auth.socket.on("news", (...args) => heard.push(args));
    server.emit("news", 1).emit("news", 2, "two");
    auth.socket.emit("message", "hello").emit("message", { text: "world" });
    await server.settled();
    expect(heard).toEqual([[1], [2, "two"]]);
    expect(server.received("message")).toEqual([["hello"], [{ text: "world" }]]);
    expect(server.sent("news")).toEqual([[1], [2, "two"]]);
  });

  it("are acknowledged both ways", async () => {
    const auth = await connect();
    server.on("sum", (a: number, b: number, answer: (sum: number) => void) => answer(a + b));
    auth.socket.on("ping", (answer: (text: string) => void) => answer("pong"));
    await expect(auth.socket.emitWithAck("sum", 1, 2)).resolves.toBe(3);
    const answers: unknown[] = [];
    server.emit("ping", (text: string) => answers.push(text));
    await server.settled();
    expect(answers).toEqual(["pong"]);
    expect(server.received("sum")).toEqual([[1, 2]]);
  });

  it("carry binary data, which no two ends share", async () => {
    const auth = await connect();
    const bytes = new Uint8Array([1, 2, 3]);
    auth.socket.emit("file", { name: "a", bytes });
    await server.settled();
    bytes[0] = 9;
    const heard: unknown[] = [];
    auth.socket.on("file", (data) => heard.push([...new Uint8Array(data)]));
    server.emit("file", new Uint8Array([4, 5]).buffer);
    await server.settled();
    expect(server.received("file")).toEqual([[{ name: "a", bytes: new Uint8Array([1, 2, 3]) }]]);
    expect(heard).toEqual([[4, 5]]);
  });

  it("that cannot be copied are an uncaught error, and the connection goes on", async () => {
    const auth = await connect();
    const { buffer } = new Uint8Array([1, 2, 3]);
    structuredClone(buffer, { transfer: [buffer] });
    const error = uncaught();
    auth.socket.emit("file", buffer);
    await expect(error).resolves.toBeInstanceOf(TypeError);
    // As over any line, bytes that do not come after their packet make the server disconnect.
    auth.socket.emit("message", "hello");
    await server.clock.advance(10_000);
    expect(auth.state.status).toBe("connected");
    auth.socket.emit("message", "hello again");
    await server.settled();
    expect(server.received("message").at(-1)).toEqual(["hello again"]);
  });

  it("arrive as JSON, as over any line", async () => {
    const auth = await connect();
    auth.socket.emit("message", { at: new Date(0), nothing: undefined });
    await server.settled();
    expect(server.received("message")).toEqual([[{ at: "1970-01-01T00:00:00.000Z" }]]);
  });

  it("go to a namespace, a room or a user alone", async () => {
    const [alice, bob] = [await connect("alice"), await connect("bob")];
    const heard: string[] = [];
    const chat = alice.of("/chat").connect();
    await server.settled();
    chat.socket.on("news", (text) => heard.push(`chat ${text}`));
    alice.socket.on("news", (text) => heard.push(`alice ${text}`));
    bob.socket.on("news", (text) => heard.push(`bob ${text}`));
    server.of("/chat").emit("news", "in chat");
    server.toUser("bob").emit("news", "for bob");
    server.sockets[0]?.join("red");
    server.to("red").emit("news", "in red");
    chat.socket.emit("message", "hi");
    await server.settled();
    expect(heard).toEqual(["chat in chat", "bob for bob", "alice in red"]);
    expect([server.received("message"), server.of("chat").received("message")]).toEqual([[], [["hi"]]]);
  });

  it("are heard and answered by one socket", async () => {
    server.on("connection", (socket) => {
      socket.on("join", (room: string) => socket.join(room).emit("joined", room));
    });
    const auth = await connect();
    const joined = new Promise((resolve) => auth.socket.on("joined", resolve));
    auth.socket.emit("join", "red");
    await expect(joined).resolves.toBe("red");
  });

  it('named "connection" reach no listener for sockets that connect', async () => {
    const seen: unknown[] = [];
    server.on("connection", (socket) => seen.push(socket));
    const auth = await connect();
    auth.socket.emit("connection", "forged");
    await server.settled();
    expect(seen).toEqual(server.sockets);
    expect(server.received("connection")).toEqual([["forged"]]);
  });

  it("are awaited one by one, and one that does not come is an error that says what has", async () => {
    const auth = await connect();
    auth.socket.emit("typing").emit("message", 1).emit("typing").emit("message", 2);
    await expect(server.next("message")).resolves.toEqual([1]);
    await expect(server.next("message")).resolves.toEqual([2]);
    await expect(server.next("message")).rejects.toThrow(
      'expected an event "message" from the app after the 2 that next() has returned. Received so far: "typing" × 2, "message" × 2. alice\'s AuthSocket is connected.',
    );
    await expect(server.next("leave")).rejects.toThrow('expected an event "leave"');
  });

  it("that are emitted while signed out are sent at sign-in", async () => {
    const auth = server.socket();
    auth.socket.emit("message", "early");
    await server.settled();
    expect(server.received("message")).toEqual([]);
    await auth.session.signIn(server.issue());
    await server.settled();
    expect(server.received("message")).toEqual([["early"]]);
  });
});

it("six thousand events that are sent at once and acknowledged all arrive", async () => {
  server.on("message", (_: number, answer: () => void) => answer());
  const auth = await connect();
  let answers = 0;
  for (let count = 0; count < 6_000; count++) auth.socket.emit("message", count, () => answers++);
  await server.settled();
  expect([server.received("message").length, answers]).toEqual([6_000, 6_000]);
});

describe("the server's own mistakes", () => {
  it("are told: a fault for nobody", async () => {
    const auth = server.socket();
    await server.settled();
    expect(() => server.kick()).toThrow(
      "kick() expected a connected socket; there is none. nobody's AuthSocket is signedOut",
    );
    await auth.session.signIn(server.issue());
    await server.settled();
    expect(() => server.revoke("x", { subject: "bob", namespace: "/chat" })).toThrow(
      "revoke() expected a connected socket of bob in /chat; there is none. alice's AuthSocket is connected.",
    );
  });

  it("are told: values that are none", async () => {
    expect(() => server.refuse("unknown" as "unavailable")).toThrow(/must be one of token_missing/);
    expect(() => server.refresh.fail(200)).toThrow("takes 0 or a status from 400 to 599, not 200");
    expect(() => server.refresh.slow(Number.NaN)).toThrow(RangeError);
    expect(() => server.issue({ lifetime: Number.NaN })).toThrow(TypeError);
    await expect(server.clock.advance(-1)).rejects.toThrow(RangeError);
  });

  it("are told: a client of a server that was closed", async () => {
    await server.close();
    expect(() => server.socket()).toThrow("the server was closed: createTestServer() makes a new one");
  });

  it("are told: a client that never comes to rest", async () => {
    const auth = await connect();
    auth.socket.on("again", () => auth.socket.emit("again"));
    server.on("again", () => server.emit("again"));
    auth.socket.emit("again");
    await expect(server.settled()).rejects.toThrow("settled() gave up after 100000 messages");
    auth.disconnect();
  });

  it("are told: a client that a timer starts, and that never comes to rest", async () => {
    const auth = await connect();
    auth.socket.on("again", () => auth.socket.emit("again"));
    server.on("again", () => server.emit("again"));
    setTimeout(() => auth.socket.emit("again"), 1_000);
    await expect(server.clock.advance(5_000)).rejects.toThrow(
      "clock.advance() gave up after 100000 messages: client and server do not stop sending. alice's AuthSocket is connected.",
    );
    auth.disconnect();
  });
});

it("an error of the server's is an AuthSocketError at the app", async () => {
  const auth = await connect();
  server.revoke("signed out elsewhere");
  await server.settled();
  const { error } = auth.state as { error?: unknown };
  expect(error).toBeInstanceOf(AuthSocketError);
  expect(String(error)).toContain("signed out elsewhere");
});
