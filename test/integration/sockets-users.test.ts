import { AuthSession, AuthSocket, memoryStore, type TokenSource } from "authsocket";
import { describe, expect, it, vi } from "vitest";
import { type AuthServer, issueToken, startAuthServer } from "../support/auth-server.ts";
import { disposed } from "../support/disposal.ts";
import { lateAnswer } from "../support/late-answer.ts";
import { MemoryLeases } from "../support/memory-leases.ts";
import { plainSocket } from "../support/plain-socket.ts";
import type { RefreshOptions } from "../support/refresh-options.ts";
import { SkippableClock } from "../support/skippable-clock.ts";
import { until, untilStatus } from "../support/states.ts";

const FAST = { reconnectionDelay: 1, reconnectionDelayMax: 1 };

const alice = (lifetime?: number) => issueToken({ subject: "alice", ...(lifetime && { lifetime }) });
const bob = () => issueToken({ subject: "bob" });
const nobody = () => issueToken({ subject: null });

function sessionWith(options: Partial<RefreshOptions> = {}) {
  const clock = new SkippableClock();
  const refresh = vi.fn<() => Promise<string | null>>(async () => null);
  const store = memoryStore({ accessToken: alice() });
  const session = disposed(new AuthSession({ refresh, store, ...options }, clock));
  return { session, clock, refresh, store };
}

/** Alice's connected AuthSocket. */
async function connectAlice(
  server: AuthServer,
  { io = {}, ...options }: Partial<RefreshOptions> & { io?: object } = {},
) {
  const { session, clock, refresh, store } = sessionWith(options);
  const auth = disposed(new AuthSocket(server.url, { session, io: { ...FAST, ...io } }));
  await auth.whenConnected();
  return { auth, session, clock, refresh, store, socket: auth.socket };
}

/** Leaves Alice signed in, though unconnected: what she emits is buffered. */
async function loseTransport(server: AuthServer, auth: AuthSocket): Promise<void> {
  auth.socket.io.reconnectionDelay(1_000_000);
  auth.socket.io.reconnectionDelayMax(1_000_000);
  server.drop();
  await untilStatus(auth, "connecting");
}

function subjects(server: AuthServer, event: string): unknown[] {
  return server.received.filter((received) => received.event === event).map(({ subject }) => subject);
}

describe("B16 a user never inherits from another", () => {
  it("B16 B18 what Alice was asked is not answered on Bob's connection", async () => {
    const server = await startAuthServer();
    const { auth, session } = await connectAlice(server);
    const answer = await lateAnswer(server, auth);
    await session.signIn(bob());
    await auth.whenConnected();
    const sent: unknown[] = [];
    auth.socket.io.engine.on("packetCreate", ({ data }) => sent.push(data));
    answer("alice's secret");
    await auth.socket.emitWithAck("ask", 1);
    expect(String(sent)).not.toContain("secret");
  });

  it("B13 an answer that comes while the engine is opened anew does not go out before CONNECT", async () => {
    const server = await startAuthServer();
    const { auth } = await connectAlice(server);
    const answer = await lateAnswer(server, auth);
    auth.socket.io.once("reconnect_attempt", () => queueMicrotask(() => answer("late")));
    server.drop();
    await server.until(() => server.connections === 2);
    await auth.whenConnected();
    await auth.socket.emitWithAck("ask", 1);
    expect(server.handshakes).toBe(2);
  });

  it("B10 B16 what was said before anybody was known is given up when that somebody signs out", async () => {
    const server = await startAuthServer();
    const clocks = [new SkippableClock(), new SkippableClock()] as const;
    const board = new MemoryLeases();
    for (const clock of clocks) clock.leases = () => board;
    const refresh = vi.fn<() => Promise<string>>(() => Promise.reject(new Error("no network")));
    const open = (clock: SkippableClock) =>
      disposed(new AuthSession({ refresh, store: memoryStore(), name: "known later" }, clock));
    for (const leaver of clocks) {
      const session = open(clocks[0]);
      const other = leaver === clocks[0] ? session : open(leaver);
      const auth = disposed(new AuthSocket(server.url, { session, io: FAST }));
      auth.socket.emit("secret", "alice's");
      await until(session, ({ status }) => status === "waiting");
      await other.signOut();
      await until(session, ({ status }) => status === "signedOut");
      await session.signIn(bob());
      await auth.whenConnected();
      await auth.socket.emitWithAck("ask", 1);
      auth.dispose();
    }
    expect(subjects(server, "ask")).toEqual(["bob", "bob"]);
    expect(subjects(server, "secret")).toEqual([]);
  });

  it("B16 what is under way for Alice when Bob signs in finds no socket of his, with two namespaces", async () => {
    const server = await startAuthServer();
    const { auth, session } = await connectAlice(server);
    const chat = auth.of("/chat");
    await chat.whenConnected();
    const heard: unknown[] = [];
    for (const { socket } of [auth, chat]) socket.on("news", (news: unknown) => heard.push(news));
    for (const socket of server.sockets()) socket.emit("news", "alice's");
    const signedIn = session.signIn(bob());
    await Promise.all([signedIn, auth.whenConnected(), chat.whenConnected()]);
    for (const socket of server.sockets()) socket.emit("news", "bob's");
    await Promise.all([auth, chat].map(({ socket }) => socket.emitWithAck("ask", 1)));
    expect(heard).toEqual(["bob's", "bob's"]);
    expect(server.handshakes).toBe(2);
    expect(server.doubles).toBe(0);
  });

  it.each([{}, { retries: 3, ackTimeout: 5_000 }])(
    "B16 T6 what Alice left in a socket that was disposed of is not Bob's, who asks for its namespace again: %o",
    async (io) => {
      const server = await startAuthServer({ connectionStateRecovery: {} });
      const { auth, session } = await connectAlice(server, { io });
      const chat = auth.of("/chat");
      await chat.whenConnected();
      server.sockets("/chat")[0]?.emit("welcome");
      await server.quiet();
      chat.disconnect();
      chat.socket.emit("secret", "alice's");
      chat.dispose();
      chat.socket.emit("secret", "alice's too");
      await session.signIn(bob());
      const again = auth.of("/chat");
      expect(again.socket).not.toBe(chat.socket);
      await again.whenConnected();
      expect(server.connects.at(-1)?.payload).not.toHaveProperty("pid");
      expect(await again.socket.emitWithAck("ask", 1)).toBe(1);
      expect(server.heard("secret")).toEqual([]);
    },
  );

  it.each(["the same socket", "its successor"])(
    "B16 what the server still sends to Alice reaches no listener of Bob's, who comes on the same engine: %s",
    async (which) => {
      const server = await startAuthServer();
      const { auth, session } = await connectAlice(server, { io: { transports: ["websocket"] } });
      // Kept open while the session's sockets leave.
      plainSocket(auth.socket, "/public", alice()).connect();
      const chat = auth.of("/chat");
      await chat.whenConnected();
      // As over a long line: it comes when Bob's CONNECT is on its way already.
      server.admit = (_, socket) => void socket.emit("news", "Alice's");
      if (which === "its successor") chat.dispose();
      await session.signIn(bob());
      const his = auth.of("/chat");
      const heard: unknown[] = [];
      his.socket.on("news", (news: unknown) => heard.push(news));
      await his.whenConnected();
      server.sockets("/chat")[0]?.emit("news", "Bob's");
      await his.socket.emitWithAck("ask", 1);
      expect(heard).toEqual(["Bob's"]);
      expect(server.handshakes).toBe(1);
    },
  );

  it("B16 B18 a late answer to what Alice asked in a socket that was disposed of is none to Bob's question", async () => {
    const server = await startAuthServer();
    const { auth, session } = await connectAlice(server);
    // Kept open while the session's sockets leave.
    plainSocket(auth.socket, "/public", alice()).connect();
    const chat = auth.of("/chat");
    await chat.whenConnected();
    const [hers] = server.sockets("/chat");
    const asked = new Promise<(answer: string) => void>((resolve) =>
      hers?.prependAny((_, ...args) => resolve(args.at(-1))),
    );
    const dropped = expect(chat.socket.emitWithAck("hang")).rejects.toThrow("disposed of");
    const answer = await asked;
    chat.dispose();
    await Promise.all([dropped, session.signIn(bob())]);
    const again = auth.of("/chat");
    await again.whenConnected();
    const [his] = server.sockets("/chat");
    his?.prependAny(() => answer("Alice's profile"));
    expect(await again.socket.emitWithAck("ask", "Bob's profile")).toBe("Bob's profile");
  });

  it("B18 of() takes over a plain Socket without mixing up what it has asked", async () => {
    const server = await startAuthServer();
    const { auth } = await connectAlice(server);
    const plain = plainSocket(auth.socket, "/chat", alice()).connect();
    await new Promise<void>((resolve) => plain.once("connect", resolve));
    const [hers] = server.sockets("/chat");
    const asked = new Promise<(answer: string) => void>((resolve) =>
      hers?.prependAny((_, ...args) => resolve(args.at(-1))),
    );
    const first = vi.fn();
    plain.emit("hang", first);
    const answer = await asked;
    const chat = auth.of("/chat");
    expect(chat.socket).toBe(plain);
    await chat.whenConnected(); // anew
    const second = chat.socket.emitWithAck("hang");
    answer("to the first");
    await server.quiet();
    await expect(Promise.race([second, "open"])).resolves.toBe("open");
    chat.dispose();
    await expect(second).rejects.toThrow("disposed of");
    // Releases of socket.io-client differ in whether it is answered after all. Its answer it is, then.
    for (const [text] of first.mock.calls) expect(text).toBe("to the first");
  });

  it("B16 what Alice emitted unconnected is never sent once Bob has signed in", async () => {
    const server = await startAuthServer();
    const { auth, session, socket } = await connectAlice(server);
    await loseTransport(server, auth);
    socket.emit("secret", "alice's");
    const pending = socket.emitWithAck("secret", "alice's too");
    const settled = expect(pending).rejects.toMatchObject({ code: "user_changed" });
    await session.signIn(bob());
    await settled;
    await auth.whenConnected();
    expect(await socket.emitWithAck("ask", "bob's")).toBe("bob's");
    expect(server.heard("secret")).toEqual([]);
    expect(subjects(server, "ask")).toEqual(["bob"]);
  });

  it("B16 an emitWithAck in flight rejects with user_changed, and the app's listeners stay", async () => {
    const server = await startAuthServer();
    const { auth, session, socket } = await connectAlice(server);
    const heard: string[] = [];
    socket.on("hello", (text: string) => heard.push(text));
    const { id } = socket;
    const settled = expect(socket.emitWithAck("hang")).rejects.toMatchObject({ code: "user_changed" });
    await session.signIn(bob());
    await settled;
    await until(auth, (state) => state.status === "connected" && state.id !== id);
    server.io.emit("hello", "bob");
    await socket.emitWithAck("ask", 1);
    expect(heard).toEqual(["bob"]);
    expect(subjects(server, "ask")).toEqual(["bob"]);
    await server.until(() => server.sockets().length === 1);
  });

  it("T6 recovery is suppressed: Bob gets a new id, none of Alice's rooms and none of her missed events", async () => {
    const server = await startAuthServer({ connectionStateRecovery: {} });
    const { auth, session, socket } = await connectAlice(server);
    const heard: string[] = [];
    socket.on("private", (text: string) => heard.push(text));
    await server.sockets()[0]?.join("alice's room");
    server.io.to("alice's room").emit("private", "first");
    await socket.emitWithAck("ask", 1);
    const { id } = socket;
    await loseTransport(server, auth);
    server.io.to("alice's room").emit("private", "missed");
    await session.signIn(bob());
    const state = await untilStatus(auth, "connected");
    expect(state.recovered).toBe(false);
    expect(state.id).not.toBe(id);
    server.io.to("alice's room").emit("private", "later");
    await socket.emitWithAck("ask", 1);
    expect(heard).toEqual(["first"]);
    expect(server.connects.at(-1)?.payload).not.toHaveProperty("pid");
    expect(server.connects.at(-1)?.payload).not.toHaveProperty("offset");
  });

  it("T6 once Bob is connected, his own connection is recovered again", async () => {
    const server = await startAuthServer({ connectionStateRecovery: {} });
    const { auth, session, socket } = await connectAlice(server);
    const { id } = socket;
    await session.signIn(bob());
    await until(auth, (state) => state.status === "connected" && state.id !== id);
    server.io.emit("news", 1);
    await socket.emitWithAck("ask", 1);
    const bobs = socket.id;
    server.drop();
    await until(auth, (state) => state.status === "connected" && state.recovered);
    expect(socket.id).toBe(bobs);
  });

  it("T6 the same user's connection is recovered with a refreshed token", async () => {
    const server = await startAuthServer({ connectionStateRecovery: {} });
    const { auth, session, socket, refresh } = await connectAlice(server);
    server.io.emit("news", 1);
    await socket.emitWithAck("ask", 1);
    const { id } = socket;
    refresh.mockImplementation(async () => alice());
    const fresh = await session.getToken({ forceRefresh: true });
    server.drop();
    const state = await until(auth, (each) => each.status === "connected" && each.recovered);
    expect(state).toMatchObject({ id });
    expect(server.tokens.at(-1)).toBe(fresh);
  });

  it("B16 signOut() drops at once: acks reject with signed_out, and nothing is sent to whoever comes next", async () => {
    const server = await startAuthServer();
    const { auth, session, socket } = await connectAlice(server);
    await loseTransport(server, auth);
    socket.emit("secret", 1);
    const settled = expect(socket.emitWithAck("secret", 2)).rejects.toMatchObject({ code: "signed_out" });
    await session.signOut();
    await settled;
    expect(auth.state).toEqual({ status: "signedOut" });
    await session.signIn(alice());
    await auth.whenConnected();
    await socket.emitWithAck("ask", 1);
    expect(server.heard("secret")).toEqual([]);
  });

  it("B16 signOut() disconnects every socket of the session", async () => {
    const server = await startAuthServer();
    const { auth, session } = await connectAlice(server);
    const chat = auth.of("/chat");
    const other = disposed(new AuthSocket(server.url, { session }));
    await Promise.all([chat.whenConnected(), other.whenConnected()]);
    const hanging = expect(chat.socket.emitWithAck("hang")).rejects.toMatchObject({ code: "signed_out" });
    await session.signOut();
    await hanging;
    expect([auth, chat, other].map(({ state }) => state)).toEqual(Array(3).fill({ status: "signedOut" }));
    await server.until(() => server.sockets().length === 0);
  });

  it("B16 what is emitted while nobody is signed in after Alice is not Bob's", async () => {
    const server = await startAuthServer();
    const { auth, session, socket } = await connectAlice(server);
    await session.signOut();
    socket.emit("secret", 1);
    await session.signIn(bob());
    await auth.whenConnected();
    await socket.emitWithAck("ask", 1);
    expect(server.heard("secret")).toEqual([]);
  });

  it("B16 the first sign-in of all drops nothing", async () => {
    const server = await startAuthServer();
    const { session } = sessionWith({ store: memoryStore() });
    const auth = disposed(new AuthSocket(server.url, { session }));
    auth.socket.emit("draft", 1);
    const answer = auth.socket.emitWithAck("draft", 2);
    await untilStatus(auth, "signedOut");
    await session.signIn(alice());
    expect(await answer).toBe(2);
    expect(server.heard("draft")).toEqual([1, 2]);
  });

  it("B16 a socket that is idle drops what the last user left in it", async () => {
    const server = await startAuthServer();
    const { auth, session, socket } = await connectAlice(server);
    auth.disconnect();
    socket.emit("secret", 1);
    const settled = expect(socket.emitWithAck("secret", 2)).rejects.toMatchObject({ code: "user_changed" });
    await session.signIn(bob());
    await settled;
    expect(auth.state).toEqual({ status: "idle" });
    await auth.connect().whenConnected();
    await socket.emitWithAck("ask", 1);
    expect(server.heard("secret")).toEqual([]);
  });

  it("B16 Bob's sockets have left Alice's when the session tells of Bob", async () => {
    const server = await startAuthServer();
    const { auth, session, socket } = await connectAlice(server);
    await loseTransport(server, auth);
    socket.emit("secret", 1);
    const buffered: number[] = [];
    session.subscribe(() => buffered.push(socket.sendBuffer.length));
    await session.signIn(bob());
    expect(buffered[0]).toBe(0);
  });

  describe("who is the same", () => {
    const changes: [
      string,
      boolean,
      (session: AuthSession, server: AuthServer) => Promise<unknown>,
      string?,
    ][] = [
      ["signIn() with an equal subject", true, (session) => session.signIn(alice())],
      ["signIn() with another subject", false, (session) => session.signIn(bob())],
      ["signIn() with a named subject", true, (s) => s.signIn({ accessToken: nobody(), subject: "alice" })],
      ["signIn() with an unknown subject", false, (session) => session.signIn(nobody())],
    ];

    it.each(changes)("B16 %s: the same %s", async (_, same, change) => {
      const server = await startAuthServer();
      const { auth, session, socket } = await connectAlice(server);
      await loseTransport(server, auth);
      socket.emit("draft", 1);
      await change(session, server);
      auth.disconnect();
      await auth.connect().whenConnected();
      await socket.emitWithAck("ask", 1);
      expect(server.heard("draft")).toEqual(same ? [1] : []);
    });

    it.each([
      ["that names the same subject", true, alice],
      ["that names another subject", false, bob],
      ["that names nobody", true, nobody],
    ])("B16 a refresh %s: the same %s", async (_, same, issue) => {
      const server = await startAuthServer();
      const { auth, session, socket, refresh } = await connectAlice(server);
      await loseTransport(server, auth);
      socket.emit("draft", 1);
      refresh.mockImplementation(async () => issue());
      // B16: a token that was asked for while Alice was signed in is not answered with Bob's.
      const token = session.getToken({ forceRefresh: true });
      if (issue === bob) await expect(token).rejects.toMatchObject({ code: "user_changed" });
      else await token;
      auth.disconnect();
      await auth.connect().whenConnected();
      await socket.emitWithAck("ask", 1);
      expect(server.heard("draft")).toEqual(same ? [1] : []);
    });

    it.each([
      ["of the same subject", true, alice],
      ["of another subject", false, bob],
      ["of an unknown subject", false, nobody],
    ])("B16 a token %s found in the store: the same %s", async (_, same, issue) => {
      const server = await startAuthServer();
      const { auth, socket, store } = await connectAlice(server);
      await loseTransport(server, auth);
      socket.emit("draft", 1);
      await store.save({ accessToken: issue() });
      auth.disconnect();
      await auth.connect().whenConnected();
      await socket.emitWithAck("ask", 1);
      expect(server.heard("draft")).toEqual(same ? [1] : []);
    });

    it("B16 where neither side names a subject, the session's own refresh is the same user", async () => {
      const server = await startAuthServer();
      const { auth, session, socket } = await connectAlice(server, {
        store: memoryStore({ accessToken: nobody() }),
        refresh: async () => nobody(),
      });
      await loseTransport(server, auth);
      socket.emit("draft", 1);
      await session.getToken({ forceRefresh: true });
      auth.disconnect();
      await auth.connect().whenConnected();
      await socket.emitWithAck("ask", 1);
      expect(server.heard("draft")).toEqual([1]);
    });
  });

  describe("with retries, whose queue cannot be emptied", () => {
    const RETRIES = { io: { retries: 3, ackTimeout: 1_000 } };

    /** Whatever Bob does with the socket, nothing of Alice's goes out. */
    async function expectSealed(server: AuthServer, auth: AuthSocket): Promise<void> {
      for (const attempt of [
        () => auth.connect(),
        () => auth.socket.connect(),
        () => auth.disconnect().connect(),
        () => auth.socket.disconnect().connect(),
      ]) {
        attempt();
        await server.quiet();
        expect(auth.state).toMatchObject({ status: "refused", error: { code: "user_changed" } });
      }
      expect(server.heard("secret")).toEqual([]);
      expect(server.sockets()).toEqual([]);
    }

    it("B16 a change of user is refused with user_changed, whatever is called then", async () => {
      const server = await startAuthServer();
      const { auth, session, socket } = await connectAlice(server, RETRIES);
      await loseTransport(server, auth);
      socket.emit("secret", 1);
      await session.signIn(bob());
      const { error } = await untilStatus(auth, "refused");
      expect(error.code).toBe("user_changed");
      await expectSealed(server, auth);
    });

    it("B11 B16 so is one in a listener, between a disconnect() and a connect()", async () => {
      const server = await startAuthServer();
      const { auth, session, socket } = await connectAlice(server, RETRIES);
      await loseTransport(server, auth);
      socket.emit("secret", 1);
      const end = auth.subscribe(() => {
        end();
        auth.disconnect();
        void session.signIn(bob());
        auth.connect();
      });
      auth.disconnect();
      await untilStatus(auth, "refused");
      await expectSealed(server, auth);
    });

    it("B16 so is one after a sign-out", async () => {
      const server = await startAuthServer();
      const { auth, session, socket } = await connectAlice(server, RETRIES);
      await loseTransport(server, auth);
      socket.emit("secret", 1);
      await session.signOut();
      await session.signIn(bob());
      await untilStatus(auth, "refused");
      await expectSealed(server, auth);
    });

    it("B16 so is one while the socket is idle", async () => {
      const server = await startAuthServer();
      const { auth, session, socket } = await connectAlice(server, RETRIES);
      auth.disconnect();
      socket.emit("secret", 1);
      await session.signIn(bob());
      await expectSealed(server, auth);
    });

    it("B16 so is one while the socket is idle after a sign-out", async () => {
      const server = await startAuthServer();
      const { auth, session, socket } = await connectAlice(server, RETRIES);
      await loseTransport(server, auth);
      socket.emit("secret", 1);
      await session.signOut();
      auth.disconnect();
      await session.signIn(bob());
      await expectSealed(server, auth);
    });

    it("B18 whoever asks with it from then on is told at once that another user has signed in", async () => {
      const server = await startAuthServer();
      const { auth, session, socket } = await connectAlice(server, { io: { retries: 3 } });
      await session.signIn(bob());
      const { error } = await untilStatus(auth, "refused");
      await expect(socket.emitWithAck("ask", 1)).rejects.toBe(error);
      await expect(socket.timeout(1_000_000).emitWithAck("ask", 1)).rejects.toBe(error);
    });

    it("B16 a new AuthSocket serves Bob", async () => {
      const server = await startAuthServer();
      const { auth, session } = await connectAlice(server, RETRIES);
      await session.signIn(bob());
      await untilStatus(auth, "refused");
      auth.dispose();
      const bobs = disposed(new AuthSocket(server.url, { session, ...RETRIES }));
      await bobs.whenConnected();
      expect(await bobs.socket.emitWithAck("ask", 1)).toBe(1);
      expect(subjects(server, "ask")).toEqual(["bob"]);
    });

    it("B16 the same user's queue is kept through refreshes, cuts and drops", async () => {
      const server = await startAuthServer();
      const { auth, session, socket, refresh } = await connectAlice(server, RETRIES);
      await loseTransport(server, auth);
      for (let draft = 0; draft < 5; draft++) socket.emit("draft", draft);
      refresh.mockImplementation(async () => alice());
      await session.getToken({ forceRefresh: true });
      auth.disconnect();
      await auth.connect().whenConnected();
      await socket.emitWithAck("ask", 1);
      expect(server.heard("draft")).toEqual([0, 1, 2, 3, 4]);
    });
  });
});

describe("B17 the same user comes back", () => {
  it("B17 after an expired session, buffered emits are sent and nothing is dropped", async () => {
    const server = await startAuthServer();
    const { auth, session, socket, clock } = await connectAlice(server);
    const events: string[] = [];
    auth.subscribe(({ status }) => events.push(status));
    await loseTransport(server, auth);
    socket.emit("draft", 1);
    const answer = socket.emitWithAck("draft", 2);
    await clock.skip(3_600_000);
    const { error } = await untilStatus(auth, "signedOut");
    expect(error).toMatchObject({ code: "session_expired" });
    socket.emit("draft", 3);
    await session.signIn({ accessToken: alice(7_200_000), expiresAt: clock.now() + 3_600_000 });
    expect(await answer).toBe(2);
    await socket.emitWithAck("ask", 1);
    expect(server.heard("draft")).toEqual([1, 2, 3]);
    expect(auth.state.status).toBe("connected");
  });

  it("B17 another user after an expired session gets none of it", async () => {
    const server = await startAuthServer();
    const { auth, session, socket, clock } = await connectAlice(server);
    await loseTransport(server, auth);
    socket.emit("secret", 1);
    const settled = expect(socket.emitWithAck("secret", 2)).rejects.toMatchObject({ code: "user_changed" });
    await clock.skip(3_600_000);
    await untilStatus(auth, "signedOut");
    await session.signIn({ accessToken: bob(), expiresAt: clock.now() + 3_600_000 });
    await settled;
    await auth.whenConnected();
    await socket.emitWithAck("ask", 1);
    expect(server.heard("secret")).toEqual([]);
  });
});

describe("B18 every emitWithAck settles", () => {
  type Emit = (socket: AuthSocket["socket"], event: string) => Promise<unknown>;
  const ways: [string, Emit, object][] = [
    ["emitWithAck", (socket, event) => socket.emitWithAck(event, 1), {}],
    ["timeout().emitWithAck", (socket, event) => socket.timeout(1_000_000).emitWithAck(event, 1), {}],
    [
      "emitWithAck with ackTimeout",
      (socket, event) => socket.emitWithAck(event, 1),
      { ackTimeout: 1_000_000 },
    ],
    [
      "emitWithAck with retries",
      (socket, event) => socket.emitWithAck(event, 1),
      { retries: 2, ackTimeout: 1_000_000 },
    ],
  ];
  const ends: [string, (auth: AuthSocket) => unknown][] = [
    ["dispose()", (auth) => auth.dispose()],
    ["a change of user", (auth) => auth.session.signIn(bob())],
    ["signOut()", (auth) => auth.session.signOut()],
  ];
  const table = ways.flatMap(([way, emit, io]) => ends.map(([end, act]) => ({ way, emit, io, end, act })));

  it.each(table)("B18 $way in flight rejects at $end", async ({ emit, io, act }) => {
    const server = await startAuthServer();
    const { auth, socket } = await connectAlice(server, { io });
    const settled = expect(emit(socket, "hang")).rejects.toThrow();
    await server.until(() => server.heard("hang").length === 1);
    act(auth);
    await settled;
  });

  it.each(table)("B18 $way, buffered, rejects at $end", async ({ emit, io, act }) => {
    const server = await startAuthServer();
    const { auth, socket } = await connectAlice(server, { io });
    auth.disconnect();
    const settled = expect(emit(socket, "ask")).rejects.toThrow();
    act(auth);
    await settled;
    await server.quiet();
    expect(server.heard("ask")).toEqual([]);
  });

  it.each(ways.slice(0, 3))(
    "B18 %s in flight rejects at a disconnect, by Socket.IO's own rule",
    async (_, emit, io) => {
      const server = await startAuthServer();
      const { auth, socket } = await connectAlice(server, { io });
      const settled = expect(emit(socket, "hang")).rejects.toThrow("socket has been disconnected");
      await server.until(() => server.heard("hang").length === 1);
      auth.disconnect();
      await settled;
    },
  );

  it.each(ways)("B18 %s, buffered, is answered after the reconnect", async (_, emit, io) => {
    const server = await startAuthServer();
    const { auth, socket } = await connectAlice(server, { io });
    auth.disconnect();
    const answer = emit(socket, "ask");
    auth.connect();
    expect(await answer).toBe(1);
  });

  it("B18 one that Socket.IO's own timeout ends rejects so, unconnected too", async () => {
    const server = await startAuthServer();
    const { auth, socket } = await connectAlice(server);
    auth.disconnect();
    await expect(socket.timeout(10).emitWithAck("ask", 1)).rejects.toThrow("operation has timed out");
    await auth.connect().whenConnected();
    await socket.emitWithAck("later", 1);
    expect(server.heard("ask")).toEqual([]);
  });

  it("B18 a volatile one that was discarded rejects at the next disconnect", async () => {
    const server = await startAuthServer();
    const { auth, socket } = await connectAlice(server);
    auth.disconnect();
    const settled = expect(socket.volatile.emitWithAck("ask", 1)).rejects.toThrow();
    await auth.connect().whenConnected();
    auth.disconnect();
    await settled;
    expect(server.heard("ask")).toEqual([]);
  });

  it("B18 emitWithAck after dispose() rejects", async () => {
    const server = await startAuthServer();
    const { auth, socket } = await connectAlice(server);
    auth.dispose();
    await expect(socket.emitWithAck("ask")).rejects.toThrow("disposed");
    await expect(socket.timeout(10).emitWithAck("ask")).rejects.toThrow("disposed");
  });
});

describe("B16 before anybody is known", () => {
  it.each([
    ["as it is subscribed to", (changed: () => void) => changed()],
    ["right after", (changed: () => void) => void Promise.resolve().then(changed)],
  ])(
    "B16 what is said until an SDK finds its user is that user's, though it says %s that nobody is there",
    async (_, first) => {
      const server = await startAuthServer();
      let token: string | null = null;
      let tell = () => {};
      const source: TokenSource = {
        get: async () => token,
        subscribe(changed) {
          tell = changed;
          first(changed);
          return () => {};
        },
      };
      const session = disposed(new AuthSession({ source }));
      const auth = disposed(new AuthSocket(server.url, { session, io: FAST }));
      const answered = auth.socket.emitWithAck("join", "room");
      await untilStatus(session, "signedOut");
      token = alice();
      tell();
      expect(await answered).toBe("room");
      expect(subjects(server, "join")).toEqual(["alice"]);
    },
  );

  it("B16 what is said between two sign-ins in one listener is the first user's, and given up", async () => {
    const server = await startAuthServer();
    const { session } = sessionWith({ store: memoryStore() });
    const auth = disposed(new AuthSocket(server.url, { session, io: FAST }));
    const unsubscribe = session.subscribe(({ status }) => {
      if (status !== "signedOut") return;
      unsubscribe();
      void session.signIn(alice());
      auth.socket.emit("secret", "alice's");
      void session.signIn(bob());
    });
    await untilStatus(auth, "connected");
    await auth.socket.emitWithAck("ask", 1);
    expect(subjects(server, "ask")).toEqual(["bob"]);
    expect(subjects(server, "secret")).toEqual([]);
  });
});
