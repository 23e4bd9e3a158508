import { AuthSocket, memoryStore } from "authsocket";
import { createTestServer, type TestServer } from "authsocket/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

let server: TestServer;

beforeEach(() => {
  server = createTestServer();
});

afterEach(() => server.close());

async function connect(subject = "alice", lifetime = 60_000): Promise<AuthSocket> {
  const auth = server.socket({ store: memoryStore(server.issue({ subject, lifetime })) });
  await server.settled();
  expect(auth.state.status).toBe("connected");
  return auth;
}

/** The state in a word, with the code of its error. */
function word({ state }: AuthSocket): string {
  const { code } = Object((state as { error?: unknown }).error) as { code?: string };
  return code ? `${state.status} ${code}` : state.status;
}

describe("faults at once", () => {
  it.each([
    ["a moment", 0],
    ["half a minute", 30_000],
    ["nearly all of its token's life", 45_000],
  ])("kick() makes it refused, kicked, after %s, and connect() brings it back", async (_, after) => {
    const auth = await connect();
    await server.clock.advance(after);
    server.kick();
    await server.settled();
    expect(word(auth)).toBe("refused kicked");
    auth.connect();
    await server.settled();
    expect(word(auth)).toBe("connected");
  });

  it("kick() leaves an AuthSocket of the app's own alone once it has stayed away", async () => {
    const store = memoryStore(server.issue({ lifetime: 60_000 }));
    const auth = new AuthSocket("https://chat.example.com", server.options({ store }));
    await server.settled();
    server.kick();
    await server.settled();
    expect(word(auth)).toBe("refused kicked");
    auth.connect();
    await server.clock.advance(20_000);
    expect([word(auth), server.sockets.length]).toEqual(["connected", 1]);
    auth.dispose();
  });

  it("kick() holds while a refresh brings the app's own AuthSocket back late", async () => {
    const store = memoryStore(server.issue({ lifetime: 60_000 }));
    const auth = new AuthSocket("https://chat.example.com", server.options({ store }));
    await server.clock.advance(45_000);
    server.refresh.slow(3_000);
    server.kick();
    await server.settled();
    await server.clock.advance(20_000);
    expect(word(auth)).toBe("refused kicked");
    auth.dispose();
  });

  it("kick() is for whom it is said to be", async () => {
    const [alice, bob] = [await connect("alice"), await connect("bob")];
    await server.clock.advance(20_000);
    server.kick({ subject: "bob" });
    await server.settled();
    expect([word(alice), word(bob)]).toEqual(["connected", "refused kicked"]);
  });

  it("are for a namespace with and without its slash, as of() is", async () => {
    const auth = await connect();
    const admin = auth.of("/admin").connect();
    await server.settled();
    server.refuse("unavailable", { namespace: "admin" });
    server.drop({ namespace: "admin" });
    await server.clock.advance(5_000);
    expect([word(auth), admin.state.status]).toEqual(["connected", "connecting"]);
    expect(server.refusals[0]).toMatchObject({ code: "unavailable", namespace: "/admin" });
  });

  it("cut() ends the token, and the socket comes back with a fresh one", async () => {
    const auth = await connect();
    await server.clock.advance(20_000);
    const { id } = auth.socket;
    server.cut();
    await server.settled();
    expect(word(auth)).toBe("connected");
    expect(auth.socket.id).not.toBe(id);
    expect(server.refresh.calls).toHaveLength(1);
    expect(server.refusals).toEqual([]);
  });

  it("drop() loses what is on its way, and Socket.IO reconnects after its backoff", async () => {
    const auth = await connect();
    const heard: unknown[] = [];
    auth.socket.on("news", (text) => heard.push(text));
    server.emit("news", "lost");
    server.drop();
    await server.settled();
    expect(word(auth)).toBe("connecting");
    await server.clock.advance(5_000);
    expect(word(auth)).toBe("connected");
    expect(heard).toEqual([]);
  });

  it("revoke() makes it refused, revoked, with the reason", async () => {
    const auth = await connect();
    server.revoke("signed out on another device");
    await server.settled();
    expect(word(auth)).toBe("refused revoked");
    expect(auth.session.state.status).toBe("signedIn");
  });

  it("B4 the session of a revoked socket is renewed when it is due, and ends where the endpoint says so", async () => {
    const auth = await connect();
    server.revoke("signed out everywhere");
    await server.clock.advance(55_000);
    expect(server.refresh.calls).toHaveLength(1);
    server.refresh.fail(401);
    await server.clock.advance(60_000);
    expect(auth.session.state).toMatchObject({ status: "signedOut", error: { code: "session_expired" } });
    expect(auth.state.status).toMatch(/signedOut|refused/);
  });
});

describe("faults until they are taken back", () => {
  it("refuse() refuses who connects, with the code, until accept()", async () => {
    const auth = await connect();
    server.refuse("insufficient_scope");
    expect(word(auth)).toBe("connected");
    server.drop();
    await server.clock.advance(5_000);
    expect(word(auth)).toBe("refused forbidden");
    expect(server.refusals).toMatchObject([{ code: "insufficient_scope", subject: "alice", namespace: "/" }]);
    server.accept();
    auth.connect();
    await server.settled();
    expect(word(auth)).toBe("connected");
  });

  it("refuse('unavailable') keeps it trying, not before retryAfter", async () => {
    server.refuse("unavailable", { retryAfter: 40_000 });
    const auth = server.socket({ store: memoryStore(server.issue()) });
    await server.settled();
    expect(word(auth)).toBe("connecting");
    server.accept();
    await server.clock.advance(39_000);
    expect(word(auth)).toBe("connecting");
    await server.clock.advance(2_000);
    expect(word(auth)).toBe("connected");
  });

  it("refuse('token_invalid') refuses fresh tokens too, and ends no session", async () => {
    server.refuse("token_invalid");
    const auth = server.socket({ store: memoryStore(server.issue()) });
    await server.settled();
    expect(word(auth)).toBe("connecting token_rejected");
    expect(auth.session.state.status).toBe("signedIn");
    server.accept();
    await server.clock.advance(60_000);
    expect(word(auth)).toBe("connected");
  });

  it("refuse() takes an error of the app's own", async () => {
    server.refuse(Object.assign(new Error("the room is full"), { data: { code: "room_full" } }), {
      namespace: "/chat",
    });
    const auth = await connect();
    const chat = auth.of("/chat").connect();
    await server.settled();
    expect([word(auth), word(chat)]).toEqual(["connected", "refused forbidden"]);
    expect(server.refusals.map(({ code }) => code)).toContain("room_full");
  });

  it("refuse() refuses renewals, and leaves the connection until its token's end", async () => {
    const auth = await connect();
    server.refuse("unavailable");
    await server.clock.advance(59_000);
    expect(word(auth)).toBe("connected");
    // The second is asked for by auth:expiring.
    expect(server.refusals.map(({ code }) => code)).toEqual(["unavailable", "unavailable"]);
    await server.clock.advance(2_000);
    expect(word(auth)).toBe("connecting");
  });

  it("offline() breaks all lines, and online() lets them come back", async () => {
    const auth = await connect();
    server.offline();
    await server.clock.advance(300_000);
    expect(word(auth)).toMatch(/^connecting/);
    auth.socket.emit("message", "written offline");
    server.online();
    await server.clock.advance(60_000);
    expect(word(auth)).toBe("connected");
    expect(server.received("message")).toEqual([["written offline"]]);
  });

  it("refresh.fail(401) ends the session", async () => {
    const auth = await connect();
    server.refresh.fail(401);
    await server.clock.advance(300_000);
    expect(auth.session.state).toMatchObject({ status: "signedOut", error: { code: "session_expired" } });
    expect(server.refresh.calls.map(({ status }) => status)).toContain(401);
  });

  it("refresh.fail() is tried again until refresh.work()", async () => {
    const auth = await connect();
    server.refresh.fail(503);
    await server.clock.advance(300_000);
    expect(auth.session.state.status).toMatch(/waiting|refreshing/);
    expect(word(auth)).toMatch(/^connecting/);
    server.refresh.work();
    await server.clock.advance(60_000);
    expect(word(auth)).toBe("connected");
  });

  it("refresh.fail(0) is no answer at all", async () => {
    const auth = await connect();
    server.refresh.fail(0);
    await expect(auth.session.getToken({ forceRefresh: true })).rejects.toMatchObject({
      code: "refresh_failed",
    });
  });

  it("refresh.hang() answers nobody, and refresh.work() those who still wait", async () => {
    const auth = await connect();
    server.refresh.hang();
    const token = auth.session.getToken({ forceRefresh: true });
    await server.clock.advance(5_000);
    expect(server.refresh.pending).toBe(1);
    server.refresh.work();
    const fresh = await token;
    await expect(auth.session.getToken()).resolves.toBe(fresh);
  });

  it("refresh.hang() is a timeout in the end", async () => {
    const auth = await connect();
    server.refresh.hang();
    const token = auth.session.getToken({ forceRefresh: true });
    const failure = expect(token).rejects.toMatchObject({ code: "refresh_timeout" });
    await server.clock.advance(10_000);
    await failure;
  });

  it("refresh.hang() holds a request that refresh.slow() has begun, and work() answers it", async () => {
    server.refresh.slow(3_000);
    const auth = server.socket({ store: memoryStore(server.issue({ lifetime: -1 })) });
    await server.clock.advance(1_000);
    server.refresh.hang();
    await server.clock.advance(4_000);
    expect([word(auth), server.refresh.pending]).toEqual(["connecting", 1]);
    server.refresh.work();
    await server.settled();
    expect(word(auth)).toBe("connected");
  });

  it("refresh.work() answers at once what refresh.slow() has begun", async () => {
    server.refresh.slow(20_000);
    const auth = server.socket({ store: memoryStore(server.issue({ lifetime: -1 })) });
    await server.settled();
    expect([word(auth), server.refresh.pending]).toEqual(["connecting", 1]);
    server.refresh.work();
    await server.settled();
    expect([word(auth), server.refresh.pending]).toEqual(["connected", 0]);
  });

  it("refresh.work() answers at once what refresh.slow() has begun and refresh.hang() has held", async () => {
    server.refresh.slow(5_000);
    const auth = server.socket({ store: memoryStore(server.issue({ lifetime: -1 })) });
    await server.settled();
    server.refresh.hang();
    server.refresh.work();
    await server.settled();
    expect([word(auth), server.refresh.pending]).toEqual(["connected", 0]);
  });

  it.each(["slow", "hang"] as const)("refresh.%s() does not change when a request arrived", async (fault) => {
    server.refresh[fault](2_000);
    server.socket({ store: memoryStore(server.issue({ lifetime: -1 })) });
    await server.settled();
    const arrived = Date.now();
    await server.clock.advance(3_000);
    server.refresh.work();
    await server.settled();
    const [call] = server.refresh.calls;
    expect(call?.at).toBeLessThanOrEqual(arrived);
  });

  it("refresh.slow() takes its time", async () => {
    const store = memoryStore(server.issue({ lifetime: -1 }));
    server.refresh.slow(3_000);
    const auth = server.socket({ store });
    await server.clock.advance(2_900);
    expect(word(auth)).toBe("connecting");
    await server.clock.advance(200);
    expect(word(auth)).toBe("connected");
  });

  it("a refresh token that is used twice ends the sign-in, ten seconds later", async () => {
    const tokens = server.issue({ lifetime: -1 });
    await connect();
    const first = server.socket({ store: memoryStore(tokens) });
    await server.clock.advance(15_000);
    const second = server.socket({ store: memoryStore(tokens) });
    await server.settled();
    expect([word(first), word(second)]).toEqual(["connected", "signedOut session_expired"]);
  });
});

describe("another tab", () => {
  it("that renews costs this one no refresh", async () => {
    const auth = await connect();
    await server.clock.advance(20_000);
    await server.otherTab.renew();
    await server.clock.advance(50_000);
    expect(word(auth)).toBe("connected");
    expect(server.refresh.calls.length).toBeLessThanOrEqual(1);
  });

  it("signs this one out", async () => {
    const auth = await connect();
    await server.otherTab.signOut();
    expect(word(auth)).toBe("signedOut");
    expect(server.sockets).toEqual([]);
  });

  it("signs this one in, and in as another user", async () => {
    const auth = server.socket();
    await server.settled();
    await server.otherTab.signIn({ subject: "alice" });
    expect(auth.session.state).toMatchObject({ status: "signedIn", subject: "alice" });
    await server.otherTab.signIn(server.issue({ subject: "bob" }));
    expect(server.sockets.map(({ subject }) => subject)).toEqual(["bob"]);
  });

  it("is an AuthSocket that shares the store", async () => {
    const store = memoryStore();
    const [here, there] = [server.socket({ store }), server.socket({ store })];
    await here.session.signIn(server.issue({ subject: "alice" }));
    await server.settled();
    expect([word(here), word(there)]).toEqual(["connected", "connected"]);
    await there.session.signOut();
    await server.settled();
    expect([word(here), word(there)]).toEqual(["signedOut", "signedOut"]);
  });

  it("is one client's, where there are several", async () => {
    const [alice, bob] = [await connect("alice"), await connect("bob")];
    await expect(server.otherTab.signOut()).rejects.toThrow(
      "otherTab expected one client with a store, but there are 2: use otherTabOf(client)",
    );
    await server.otherTabOf(bob).signOut();
    expect([word(alice), word(bob)]).toEqual(["connected", "signedOut"]);
  });

  it("is not that of a client whose options were refused", async () => {
    const refused = { leeway: -1 };
    expect(() => server.socket(refused)).toThrow(TypeError);
    expect(() => server.session(refused)).toThrow(TypeError);
    await expect(server.otherTab.signOut()).rejects.toThrow("call server.socket() first");
    const auth = await connect();
    await server.otherTab.signOut();
    expect(word(auth)).toBe("signedOut");
  });

  it("is none where no client has a store", async () => {
    await expect(server.otherTab.signOut()).rejects.toThrow("call server.socket() first");
    server.socket({ credential: "cookie" });
    await expect(server.otherTab.signOut()).rejects.toThrow("use its session's own signIn() and signOut()");
  });

  it("cannot renew for nobody", async () => {
    server.socket();
    await expect(server.otherTab.renew()).rejects.toThrow("there are none: nobody is signed in");
  });
});
