import {
  AuthSession,
  AuthSocket,
  type AuthSocketOptions,
  type AuthSocketState,
  memoryStore,
  type TokenSet,
  type TokenSource,
} from "authsocket";
import { authenticate } from "authsocket/server";
import type { Socket } from "socket.io";
import { describe, expect, it, vi } from "vitest";
import { issueToken, Refusal, startAuthServer } from "../support/auth-server.ts";
import { deferred } from "../support/deferred.ts";
import { disposed } from "../support/disposal.ts";
import { startServer, Tokens } from "../support/guarded-server.ts";
import { Happenings } from "../support/happenings.ts";
import { SkippableClock } from "../support/skippable-clock.ts";
import { recordStatuses, until, untilStatus } from "../support/states.ts";
import { VirtualServer } from "../support/virtual-server.ts";
import { VirtualTime } from "../support/virtual-time.ts";

/** What a client has sent: who it was when it arrived, and what it said. */
type Said = [subject: string, text: unknown];

/** A server of `authsocket/server`, which admits guests unless told otherwise. */
async function site({ guests = true } = {}) {
  const { io, url } = await startServer({ connectionStateRecovery: {} });
  const tokens = new Tokens();
  authenticate(io, { verify: tokens.verify, guests });
  const happenings = new Happenings();
  const said: Said[] = [];
  const connects: Record<string, unknown>[] = [];
  io.engine.on("connection", (engine) => {
    engine.on("packet", ({ data }: { data?: unknown }) => {
      const [, payload] = /^0(\{.*)$/.exec(typeof data === "string" ? data : "") ?? [];
      if (payload) connects.push(JSON.parse(payload));
    });
  });
  io.on("connection", (socket: Socket) => {
    const who = () => socket.data.auth?.subject ?? "guest";
    // So that there is something to recover.
    socket.emit("welcome", who());
    socket.on("say", (text: unknown, answer?: (text: string) => void) => {
      said.push([who(), text]);
      if (text !== "hang") answer?.(`${who()}: ${text}`);
      happenings.happened();
    });
  });
  const until = (count: number) => happenings.until(() => said.length >= count);
  return { io, url, tokens, said, connects, until };
}

function visitor(url: string, refresh = vi.fn(async (): Promise<TokenSet | string | null> => null)) {
  const clock = new SkippableClock();
  const session = disposed(new AuthSession({ refresh, store: memoryStore() }, clock));
  const auth = disposed(new AuthSocket(url, { session, anonymous: true }));
  const welcomes: string[] = [];
  const happenings = new Happenings();
  auth.socket.on("welcome", (who: string) => {
    welcomes.push(who);
    happenings.happened();
  });
  /** Until it has been welcomed so often. */
  const welcomed = (times: number) => happenings.until(() => welcomes.length >= times);
  return { auth, session, clock, refresh, welcomes, welcomed };
}

type Connected = Extract<AuthSocketState, { status: "connected" }>;

function untilUser(auth: AuthSocket): Promise<Connected> {
  return until(auth, (state): state is Connected => state.status === "connected" && !state.anonymous);
}

function untilGuest(auth: AuthSocket): Promise<Connected> {
  return until(auth, (state): state is Connected => state.status === "connected" && state.anonymous === true);
}

describe("B21 a guest", () => {
  it("B21 connects without a token once it is known that nobody is signed in", async () => {
    const { url, connects, io } = await site();
    const { auth, session, refresh } = visitor(url);
    const state = await untilGuest(auth);
    expect(state).toMatchObject({ status: "connected", anonymous: true, recovered: false });
    expect(session.state).toEqual({ status: "signedOut" });
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(connects).toEqual([{}]);
    expect([...io.sockets.sockets.values()].map(({ data }) => data.auth)).toEqual([undefined]);
    expect(await auth.socket.emitWithAck("say", "hello")).toBe("guest: hello");
  });

  it("B21 waits for a slow refresh as long as refreshTimeout, and no longer", async () => {
    const { url } = await site();
    const { auth, clock } = visitor(
      url,
      vi.fn(() => new Promise<null>(() => {})),
    );
    await clock.skip(9_000);
    expect(auth.state.status).toBe("connecting");
    await clock.skip(1_001);
    await untilGuest(auth);
  });

  it("B21 becomes the user's at sign-in, by a new connection that asks for nothing of the old one", async () => {
    const { url, tokens, connects, until } = await site();
    const { auth, session, welcomes, welcomed, refresh } = visitor(url);
    const { id } = await untilGuest(auth);
    await welcomed(1);
    const pending = auth.socket.emitWithAck("say", "hang");
    pending.catch(() => {});
    await until(1);
    await session.signIn(tokens.issue());
    const state = await untilUser(auth);
    expect(state.id).not.toBe(id);
    expect(state).not.toHaveProperty("anonymous");
    await expect(pending).rejects.toThrow();
    expect(connects).toHaveLength(2);
    expect(connects[1]).not.toHaveProperty("pid");
    expect(connects[1]).not.toHaveProperty("offset");
    expect(await auth.socket.emitWithAck("say", "hello")).toBe("alice: hello");
    expect(welcomes).toEqual(["guest", "alice"]);
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it("B16 B21 a user who signs in while the guest's CONNECT is under way sends nothing as a guest", async () => {
    const { io, url, tokens, said, until } = await site();
    const gate = deferred<void>();
    const begun = new Promise<void>((resolve) => {
      io.use(async (_, next) => {
        resolve();
        await gate.promise;
        next();
      });
    });
    const { auth, session } = visitor(url);
    await begun;
    await session.signIn(tokens.issue());
    auth.socket.emit("say", "alice's");
    gate.resolve();
    await untilUser(auth);
    await until(1);
    expect(said).toEqual([["alice", "alice's"]]);
  });

  it("B21 a guest whom the server has disconnected is the user's after a sign-in that a source tells of", async () => {
    const { io, url, tokens } = await site();
    const held: { token: string | null } = { token: null };
    let changed = () => {};
    const source: TokenSource = {
      get: () => held.token,
      subscribe: (listener) => {
        changed = listener;
        return () => {};
      },
    };
    const session = disposed(new AuthSession({ source }, new SkippableClock()));
    const auth = disposed(new AuthSocket(url, { session, anonymous: true }));
    await untilGuest(auth);
    io.disconnectSockets();
    await untilStatus(auth, "refused");
    held.token = tokens.issue();
    changed();
    await untilUser(auth);
  });

  it("B19 B21 what has timed out while a guest was connected is not sent later", async () => {
    const { url, tokens, said } = await site();
    const { auth, session } = visitor(url);
    await session.signIn({ accessToken: tokens.issue(), subject: "alice" });
    await untilUser(auth);
    auth.disconnect();
    const timedOut = new Promise((resolve) => {
      auth.socket.timeout(300).emit("say", "too late", resolve);
    });
    await expect(session.getToken({ forceRefresh: true })).rejects.toMatchObject({ code: "session_expired" });
    auth.connect();
    await untilGuest(auth);
    expect(await timedOut).toBeInstanceOf(Error);
    await session.signIn({ accessToken: tokens.issue(), subject: "alice" });
    await untilUser(auth);
    expect(await auth.socket.emitWithAck("say", "hello")).toBe("alice: hello");
    expect(said.map(([, text]) => text)).toEqual(["hello"]);
  });

  it("B21 what a guest has typed offline is the user's to send", async () => {
    const { url, tokens, said, until } = await site();
    const { auth, session } = visitor(url);
    await untilGuest(auth);
    auth.disconnect();
    auth.socket.emit("say", "draft 1");
    await session.signIn(tokens.issue());
    auth.socket.emit("say", "draft 2");
    auth.connect();
    await until(2);
    expect(said).toEqual([
      ["alice", "draft 1"],
      ["alice", "draft 2"],
    ]);
  });
});

describe("B21 a user who becomes a guest", () => {
  async function user() {
    const server = await site();
    const client = visitor(server.url);
    await client.welcomed(1);
    await client.session.signIn({ accessToken: server.tokens.issue(), subject: "alice" });
    await client.welcomed(2);
    return { ...server, ...client };
  }

  it("B21 at sign-out is a guest by a new connection, and everything unsent is dropped", async () => {
    const { auth, session, connects, said, until } = await user();
    const pending = auth.socket.emitWithAck("say", "hang");
    pending.catch(() => {});
    await until(1);
    auth.disconnect();
    auth.socket.emit("say", "alice's draft");
    await session.signOut();
    auth.connect();
    await untilGuest(auth);
    await expect(pending).rejects.toThrow();
    expect(connects).toHaveLength(3);
    expect(connects[2]).toEqual({});
    expect(await auth.socket.emitWithAck("say", "hello")).toBe("guest: hello");
    expect(said).toEqual([
      ["alice", "hang"],
      ["guest", "hello"],
    ]);
  });

  it("B21 while connected, sign-out ends the user's connection and opens a guest's", async () => {
    const { auth, session, welcomes, welcomed, io } = await user();
    const { id } = auth.socket;
    await session.signOut();
    await untilGuest(auth);
    await welcomed(3);
    expect(auth.socket.id).not.toBe(id);
    expect(welcomes).toEqual(["guest", "alice", "guest"]);
    await vi.waitFor(() => expect(io.sockets.sockets.size).toBe(1));
  });

  it("B21 after session_expired, a socket that was refused as a user connects as a guest", async () => {
    const server = await startAuthServer();
    server.admit = (token) => {
      if (token !== undefined) throw new Refusal("no", { code: "insufficient_scope" });
    };
    const { auth, session } = visitor(server.url);
    await untilGuest(auth);
    await session.signIn(issueToken());
    await untilStatus(auth, "refused");
    await expect(session.getToken({ forceRefresh: true })).rejects.toMatchObject({ code: "session_expired" });
    await untilGuest(auth);
    expect(server.connects).toHaveLength(3);
  });

  async function expired() {
    const world = await user();
    const { auth, session } = world;
    auth.disconnect();
    auth.socket.emit("say", "alice's draft");
    // Nobody is signed in any more, says the refresh function.
    await expect(session.getToken({ forceRefresh: true })).rejects.toMatchObject({ code: "session_expired" });
    auth.connect();
    await untilGuest(auth);
    expect(await auth.socket.emitWithAck("say", "as a guest")).toBe("guest: as a guest");
    return world;
  }

  it("B17 B21 after session_expired, what she left unsent is sent when she signs in again", async () => {
    const { auth, session, tokens, said, until } = await expired();
    await session.signIn({ accessToken: tokens.issue(), subject: "alice" });
    await untilUser(auth);
    await until(2);
    expect(said).toEqual([
      ["guest", "as a guest"],
      ["alice", "alice's draft"],
    ]);
  });

  it("B17 B18 what she left unsent is answered when she is back, though a guest's connection was lost meanwhile", async () => {
    const { auth, session, tokens, io } = await user();
    auth.disconnect();
    const [saved, called] = [auth.socket.emitWithAck("say", "saved"), vi.fn()];
    auth.socket.emit("say", "called", called);
    await expect(session.getToken({ forceRefresh: true })).rejects.toMatchObject({ code: "session_expired" });
    auth.connect();
    await untilGuest(auth);
    for (const { conn } of io.sockets.sockets.values()) conn.close();
    await until(auth, ({ status }) => status === "connecting");
    await untilGuest(auth);
    await session.signIn({ accessToken: tokens.issue(), subject: "alice" });
    expect(await saved).toBe("alice: saved");
    await vi.waitFor(() => expect(called).toHaveBeenCalledWith("alice: called"));
  });

  it("B16 B21 after session_expired, what she left unsent is dropped when somebody else signs in", async () => {
    const { auth, session, tokens, said } = await expired();
    await session.signIn({ accessToken: tokens.issue({ subject: "bob" }), subject: "bob" });
    await untilUser(auth);
    expect(await auth.socket.emitWithAck("say", "hello")).toBe("bob: hello");
    expect(said.map(([, text]) => text)).not.toContain("alice's draft");
  });
});

describe("B21 a socket of whose user nothing is known any more, since another tab has signed somebody in", () => {
  /** Two tabs of nameless users, whose refresh answers when it is told to. */
  async function nameless(autoConnect: boolean, io: AuthSocketOptions["io"] = {}) {
    const line = { isDown: false };
    const server = await startAuthServer({ allowRequest: (_, decide) => decide(null, !line.isDown) });
    server.admit = () => {};
    const clock = new SkippableClock();
    const answer = deferred<string>();
    const [session, otherTab] = [0, 1].map(() => {
      const options = { name: "shop", store: memoryStore(), refresh: () => answer.promise };
      return disposed(new AuthSession(options, clock));
    }) as [AuthSession, AuthSession];
    const auth = disposed(new AuthSocket(server.url, { session, anonymous: true, autoConnect, io }));
    await session.signIn("opaque-alice");
    /** Nobody connects until it is known who has signed in. Then Bob does. @param before whose tokens had come */
    const expectBob = async (before: string[]) => {
      await server.quiet();
      expect(server.tokens).toEqual(before);
      answer.resolve("opaque-bob");
      await untilUser(auth);
      expect(server.tokens).toEqual([...before, "opaque-bob"]);
    };
    return { server, line, clock, session, otherTab, auth, expectBob };
  }

  it("B21 waits as long as refreshTimeout again, and is no guest meanwhile", async () => {
    const { clock, otherTab, auth, expectBob } = await nameless(true);
    await auth.whenConnected();
    await clock.skip(60_000);
    await otherTab.signIn("opaque-bob");
    await until(auth, (state) => state.status === "connecting");
    await clock.skip(9_000);
    await expectBob(["opaque-alice"]);
  });

  it("B21 B24 waits as long from the wake-up on that makes it try again, after Socket.IO has given up", async () => {
    const io = { reconnectionAttempts: 1, reconnectionDelay: 1 };
    const { server, line, clock, session, otherTab, auth, expectBob } = await nameless(true, io);
    await auth.whenConnected();
    line.isDown = true;
    server.drop();
    await untilStatus(auth, "idle");
    await otherTab.signIn("opaque-bob");
    await untilStatus(session, "unknown");
    await clock.skip(60_000);
    line.isDown = false;
    clock.wakeUp(true);
    await clock.skip(2_000);
    await expectBob(["opaque-alice"]);
  });

  it.each([[false], [true]])(
    "B21 waits as long from a later connect() on; connected before: %s",
    async (wasConnected) => {
      const { clock, session, otherTab, auth, expectBob } = await nameless(wasConnected);
      if (wasConnected) {
        await auth.whenConnected();
        auth.disconnect();
      }
      await otherTab.signIn("opaque-bob");
      await untilStatus(session, "unknown");
      await clock.skip(60_000);
      auth.connect();
      await clock.skip(9_000);
      await expectBob(wasConnected ? ["opaque-alice"] : []);
    },
  );
});

describe("B21 a server without guests", () => {
  it("B21 refuses one: signedOut, no refresh for it, and connected after a sign-in", async () => {
    const { url, tokens, connects } = await site({ guests: false });
    const { auth, session, refresh, clock } = visitor(url);
    const { error } = await untilStatus(auth, "signedOut");
    expect(error).toMatchObject({ code: "forbidden" });
    await clock.skip(60_000);
    clock.wakeUp(true);
    await clock.skip(60_000);
    expect(refresh).toHaveBeenCalledTimes(1); // whether somebody is signed in
    expect(connects).toEqual([{}]);
    await session.signIn(tokens.issue());
    await untilUser(auth);
    expect(connects).toHaveLength(2);
  });

  it("B21 B10 refused, it connects when somebody signs in in another tab", async () => {
    const server = await startAuthServer();
    server.admit = (token) => {
      if (token === undefined) throw new Refusal("no", { code: "token_missing" });
    };
    let signedIn: string | null = null;
    const open = () => {
      const options = { name: "shop", store: memoryStore(), refresh: async () => signedIn };
      return disposed(new AuthSession(options, new SkippableClock()));
    };
    const auth = disposed(new AuthSocket(server.url, { session: open(), anonymous: true }));
    await until(auth, ({ status, error }) => status === "signedOut" && error !== undefined);
    signedIn = "opaque-bob";
    await open().signIn(signedIn);
    await untilUser(auth);
    expect(server.tokens).toEqual([undefined, "opaque-bob"]);
  });

  it("B21 a refused guest stays signedOut, whatever becomes of the refresh", async () => {
    const { url } = await site({ guests: false });
    const { auth, clock } = visitor(
      url,
      vi.fn(() => new Promise<null>(() => {})),
    );
    await clock.skip(10_001);
    await untilStatus(auth, "signedOut");
    const statuses = recordStatuses(auth);
    await clock.skip(60_000);
    expect(statuses).toEqual(["signedOut"]);
    expect(auth.state).toMatchObject({ error: { code: "forbidden" } });
  });

  it("B21 refuses a bad token as ever, guests or not: it costs one refresh", async () => {
    const { url, tokens, connects } = await site();
    const refresh = vi.fn(async () => tokens.issue());
    const clock = new SkippableClock();
    const store = memoryStore({ accessToken: "garbage" });
    const session = disposed(new AuthSession({ refresh, store }, clock));
    const auth = disposed(new AuthSocket(url, { session, anonymous: true }));
    const statuses = recordStatuses(auth);
    await untilUser(auth);
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(connects).toHaveLength(2);
    expect(statuses).toEqual(["connecting", "connected"]);
  });
});

/** A server in virtual time, with a page of Alice's or of a guest's. */
class VirtualSite {
  readonly time = new VirtualTime();
  readonly server = new VirtualServer(this.time);
  /** Whose connection has brought what. */
  readonly said: [who: string, what: unknown][] = [];
  /** What the server refuses a guest with. */
  refusal: object | undefined;

  constructor() {
    this.server.io.use(({ handshake }, next) => {
      next(handshake.auth.token === undefined && this.refusal ? new Refusal("no", this.refusal) : undefined);
    });
    this.server.io.on("connection", (socket) => {
      const [, claims = ""] = String(socket.handshake.auth.token).split(".");
      const who = claims ? JSON.parse(Buffer.from(claims, "base64url").toString()).sub : "guest";
      socket.on("say", (what: unknown, answer?: (who: string) => void) => {
        this.said.push([who, what]);
        answer?.(who);
      });
    });
  }

  open(io: AuthSocketOptions["io"] = {}, tokens?: TokenSet): AuthSocket {
    const store = memoryStore(tokens);
    return this.server.connect({ session: { store }, socket: { anonymous: true, io } });
  }

  /** Alice's page, offline with a draft of hers, when her session is over. */
  async expired(
    io: AuthSocketOptions["io"] = {},
    draft = (auth: AuthSocket) => void auth.socket.emit("say", 1),
  ) {
    const auth = this.open(io, { accessToken: issueToken() });
    await this.time.pass(1_000);
    auth.disconnect();
    draft(auth);
    await expect(auth.session.getToken({ forceRefresh: true })).rejects.toMatchObject({
      code: "session_expired",
    });
    return auth;
  }
}

describe("B21 guests and the servers that do not let them in", () => {
  it.each([[{ code: "unavailable", retryAfter: 3_000 }], [{ status: 503 }]])(
    "B21 a server that answers a guest %o is asked again",
    async (refusal) => {
      const site = new VirtualSite();
      site.refusal = refusal;
      const auth = site.open();
      await site.time.pass(500);
      expect(auth.state).toMatchObject({ status: "connecting", retryAt: expect.any(Number) });
      site.refusal = undefined;
      await site.time.pass(10_000);
      expect(auth.state).toMatchObject({ status: "connected", anonymous: true });
    },
  );

  it("T13 B27 a refused guest whose app connects at each signedOut: three attempts in ten seconds", async () => {
    const site = new VirtualSite();
    site.refusal = { code: "token_missing" };
    const auth = site.open();
    auth.subscribe(({ status }) => {
      if (status === "signedOut") auth.connect();
    });
    await site.time.pass(60_000);
    expect(site.server.connects.length).toBeGreaterThan(6);
    expect(site.server.connects.length).toBeLessThan(30);
  });
});

describe("B16 B21 what a user leaves whose session has expired", () => {
  it("T6 with retries nothing of hers is sent by a guest: the socket is signedOut until she is back", async () => {
    const site = new VirtualSite();
    const auth = await site.expired({ retries: 3, ackTimeout: 1_000 });
    auth.connect();
    await site.time.pass(5_000);
    expect(auth.state.status).toBe("signedOut");
    await auth.session.signIn(issueToken());
    await site.time.pass(5_000);
    expect(site.said).toEqual([["alice", 1]]);
  });

  it("T6 with retries nothing of hers is sent by the next user", async () => {
    const site = new VirtualSite();
    const auth = await site.expired({ retries: 3, ackTimeout: 1_000 });
    auth.connect();
    await site.time.pass(1_000);
    await auth.session.signIn(issueToken({ subject: "bob" }));
    await site.time.pass(5_000);
    expect(auth.state).toMatchObject({ status: "refused", error: { code: "user_changed" } });
    expect(site.said).toEqual([]);
  });

  it("T7 what she has missed reaches neither a guest nor the next user", async () => {
    const server = await startAuthServer({ connectionStateRecovery: { skipMiddlewares: false } });
    const letGuestsIn = deferred<void>();
    const expired = new Set<unknown>();
    server.admit = async (token, socket) => {
      if (token === undefined) await letGuestsIn.promise;
      else if (expired.has(token)) throw new Refusal("expired", { code: "token_expired" });
      else void socket.join("members");
    };
    const hers = issueToken();
    const session = disposed(
      new AuthSession(
        { refresh: async () => null, store: memoryStore({ accessToken: hers }) },
        new SkippableClock(),
      ),
    );
    const io = { reconnectionDelay: 1, reconnectionDelayMax: 1 };
    const auth = disposed(new AuthSocket(server.url, { session, anonymous: true, io }));
    const heard: unknown[] = [];
    auth.socket.on("private", (text: unknown) => heard.push(text));
    await untilUser(auth);
    const first = new Promise((resolve) => auth.socket.once("private", resolve));
    server.io.to("members").emit("private", "first");
    await first;
    expired.add(hers);
    const lost = new Promise((resolve) => auth.socket.once("disconnect", resolve));
    server.drop();
    await lost;
    server.io.to("members").emit("private", "missed");
    await untilStatus(session, "signedOut");
    await session.signIn(issueToken({ subject: "bob" }));
    letGuestsIn.resolve();
    await untilUser(auth);
    await auth.socket.emitWithAck("ask", 1);
    expect(heard).toEqual(["first"]);
  });

  it("B18 only her emitWithAck rejects when somebody else signs in: the guest's is sent and answered", async () => {
    const site = new VirtualSite();
    const pending: Promise<unknown>[] = [];
    const auth = await site.expired({}, ({ socket }) => {
      pending.push(socket.emitWithAck("say", "hers").catch(({ code }) => code));
    });
    pending.push(auth.socket.emitWithAck("say", "the guest's"));
    await auth.session.signIn(issueToken({ subject: "bob" }));
    auth.connect();
    await site.time.pass(1_000);
    expect(site.said).toEqual([["bob", "the guest's"]]);
    expect(await Promise.all(pending)).toEqual(["user_changed", "bob"]);
  });
});

describe("a guest who signs in while listeners are told of the connection", () => {
  it("B21 what is emitted after that is the user's, from the first sign-in on", async () => {
    const { url, tokens, said, until: heard } = await site();
    const { session, auth } = visitor(url);
    const unsubscribe = auth.subscribe(({ status }) => {
      if (status !== "connected") return;
      unsubscribe();
      void session.signIn(tokens.issue({ subject: "alice" }));
      auth.socket.emit("say", 1);
      auth.socket.emit("say", 2);
    });
    await heard(2);
    expect(said).toEqual([
      ["alice", 1],
      ["alice", 2],
    ]);
  });

  it("B16 B26 what Alice emitted when her session ended is not sent as Bob, who signs in as the connection is closed", async () => {
    const server = await startAuthServer();
    server.admit = () => {};
    const refresh = vi.fn(async () => null);
    const session = disposed(new AuthSession({ refresh, store: memoryStore({ accessToken: issueToken() }) }));
    const auth = disposed(
      new AuthSocket(server.url, { session, anonymous: true, refusalEvents: { exception: () => true } }),
    );
    await auth.whenConnected();
    auth.socket.once("disconnect", () => void session.signIn(issueToken({ subject: "bob" })));
    auth.socket.once("exception", () => auth.socket.emit("secret", "alice's"));
    for (const socket of server.sockets()) socket.emit("exception");
    await until(auth, ({ status }) => status === "connecting");
    await until(auth, (state) => state.status === "connected" && !state.anonymous);
    await auth.socket.emitWithAck("ask", 1);
    expect(server.received.map(({ subject, event }) => `${subject}: ${event}`)).toEqual(["bob: ask"]);
  });

  it("B16 what Alice says before Bob signs in, too, in the same listener, is given up", async () => {
    const server = await startAuthServer();
    server.admit = () => {};
    const session = disposed(new AuthSession({ refresh: async () => null, store: memoryStore() }));
    const auth = disposed(new AuthSocket(server.url, { session, anonymous: true }));
    const unsubscribe = auth.subscribe(({ status }) => {
      if (status !== "connected") return;
      unsubscribe();
      void session.signIn(issueToken({ subject: "alice" }));
      auth.socket.emit("say", "alice's");
      void session.signIn(issueToken({ subject: "bob" }));
      auth.socket.emit("say", "bob's");
    });
    await until(auth, (state) => state.status === "connected" && !state.anonymous);
    await auth.socket.emitWithAck("ask", "last");
    expect(server.received.map(({ subject, args }) => [subject, args[0]])).toEqual([
      ["bob", "bob's"],
      ["bob", "last"],
    ]);
  });
});
