import type { Server, Socket } from "socket.io";
import type { Socket as ClientSocket } from "socket.io-client";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { instant } from "../../src/server/cluster/revocations.ts";
import { AuthError, type AuthenticateOptions, authenticate, userRoom } from "../../src/server/index.ts";
import {
  type Claims,
  client,
  drop,
  enter,
  next,
  refusal,
  serverSide,
  startServer,
  Tokens,
} from "../support/guarded-server.ts";
import { MemoryCluster } from "../support/memory-cluster.ts";
import { uncaught } from "../support/uncaught.ts";

type Options = Partial<AuthenticateOptions<Claims, Socket>>;

/** A server with connection state recovery, and a client of alice's that has been connected and was dropped. */
async function dropped(
  options: Options = {},
  recovery: { skipMiddlewares?: boolean } = {},
  lifetime?: number,
) {
  const { io, url } = await startServer({ connectionStateRecovery: recovery });
  const tokens = new Tokens();
  const auth = authenticate(io, { verify: tokens.verify, ...options });
  const payload: { token: unknown } = { token: tokens.issue(lifetime === undefined ? {} : { lifetime }) };
  const socket = client(url, (answer: (payload: object) => void) => answer(payload));
  const received: unknown[] = [];
  socket.on("message", (text) => received.push(text));
  await enter(socket);
  const { id } = socket;
  await drop(io, socket);
  return { io, url, tokens, auth, payload, socket, id, received };
}

/** Waits until a token expires, by a connection that is cut then. */
async function expiry(url: string, token: unknown) {
  const witness = client(url, { token });
  const cut = next(witness, "disconnect");
  await enter(witness);
  await cut;
}

/** Waits until a packet that contains a text has reached the server. */
function arrival(server: Socket, text: string): Promise<void> {
  return new Promise((resolve) => {
    server.conn.on("packet", ({ data }: { data?: unknown }) => {
      if (String(data).includes(text)) resolve();
    });
  });
}

describe.each([
  ["by default", {}],
  ["with skipMiddlewares: false", { skipMiddlewares: false }],
])("recovery, %s", (_name, recovery) => {
  it("section 5: brings everything that was missed to whose token is valid, once and in order", async () => {
    const { io, tokens, payload, socket, id, received } = await dropped({}, recovery);
    io.emit("message", "to all");
    io.to(userRoom("alice")).emit("message", "to alice");
    io.to(userRoom("bob")).emit("message", "to bob");
    payload.token = tokens.issue({ role: "admin" });

    await enter(socket);
    await socket.emitWithAck("auth:renew", {});

    expect(socket.recovered).toBe(true);
    expect(socket.id).toBe(id);
    expect(received).toEqual(["to all", "to alice"]);
    expect(serverSide(io, socket).data.auth.claims).toEqual({ role: "admin" });
  });

  it.each([
    ["a garbage token", "garbage", "token_invalid"],
    ["no token", undefined, "token_missing"],
    ["an oversized token", "x".repeat(20_000), "token_invalid"],
  ])("T7: with %s it is refused, and nothing that was missed is sent", async (_token, token, code) => {
    const { io, payload, socket, received } = await dropped({}, recovery);
    const any = vi.fn();
    socket.onAny(any);
    io.emit("message", "for alice");
    payload.token = token;

    expect((await refusal(socket)).data).toEqual({ code });
    expect(any).not.toHaveBeenCalled();
    expect(received).toEqual([]);
    expect(io.of("/").sockets.size).toBe(0);
  });

  it("T8: after such a refusal a fresh token still recovers everything, once", async () => {
    const { io, tokens, payload, socket, received } = await dropped({}, recovery);
    io.emit("message", 1);
    const valid = payload.token;
    payload.token = tokens.issue({ lifetime: -1 });
    expect((await refusal(socket)).data).toEqual({ code: "token_expired" });
    io.emit("message", 2);
    payload.token = valid;

    await enter(socket);

    expect(socket.recovered).toBe(true);
    expect(received).toEqual([1, 2]);
  });

  it("T6: another user's valid token enters as that user, with nothing of the former", async () => {
    const { io, tokens, payload, socket, received } = await dropped({}, recovery);
    io.to(userRoom("alice")).emit("message", "for alice");
    payload.token = tokens.issue({ subject: "bob" });

    await enter(socket);
    const { data, rooms } = serverSide(io, socket);

    expect(socket.recovered).toBe(false);
    expect(received).toEqual([]);
    expect(data.auth.subject).toBe("bob");
    expect([...rooms].sort()).toEqual([socket.id, userRoom("bob")].sort());
  });

  it("V5 a fresh token of the same user resumes a session whose old token has lapsed meanwhile, with nothing lost", async () => {
    const { io, url, tokens, payload, socket, received } = await dropped({}, recovery, 1_000);
    io.emit("message", "before the expiry");
    await expiry(url, payload.token);
    io.emit("message", "after it");
    expect((await refusal(socket)).data).toEqual({ code: "token_expired" });
    expect(received).toEqual([]);
    payload.token = tokens.issue();

    await enter(socket);

    expect(socket.recovered).toBe(true);
    expect(received).toEqual(["before the expiry", "after it"]);
  });

  it("section 5: a revoked user connects unrecovered, and is recovered from later drops again", async () => {
    const { io, auth, socket, received } = await dropped({}, recovery);
    io.emit("message", "missed");
    await auth.disconnectUser("alice", "x");

    await enter(socket);
    expect(socket.recovered).toBe(false);
    expect(received).toEqual([]);

    await drop(io, socket);
    io.emit("message", "afterwards");
    await enter(socket);
    expect(socket.recovered).toBe(true);
    expect(received).toEqual(["afterwards"]);
  });

  it("section 5: revoking another user hinders nobody", async () => {
    const { auth, socket } = await dropped({}, recovery);
    await auth.disconnectUser("bob", "x");

    await enter(socket);

    expect(socket.recovered).toBe(true);
  });

  it("section 5: the renewed expiry counts, and a session recovered before keeps it", async () => {
    const { io, url, tokens, payload, socket } = await dropped({}, recovery, 1_000);
    const first = payload.token;
    payload.token = tokens.issue();
    await enter(socket);
    expect(socket.recovered).toBe(true);
    await drop(io, socket);
    await expiry(url, first);

    await enter(socket);

    expect(socket.recovered).toBe(true);
  });

  it("section 5: what the app does to socket.data.auth changes nothing of it", async () => {
    const { io, tokens, payload, socket } = await dropped({}, recovery);
    await enter(socket);
    const server = serverSide(io, socket);
    server.data.auth = { subject: "bob", expiresAt: Number.MAX_SAFE_INTEGER, claims: {} };
    server.data.colour = "blue";
    await drop(io, socket);
    payload.token = tokens.issue({ subject: "bob" });
    await enter(socket);
    expect(socket.recovered).toBe(false);
  });

  it("section 5: the app's middlewares, where they run, find the new identity and no more", async () => {
    const { io, tokens, payload, socket } = await dropped({}, recovery);
    const found: unknown[] = [];
    io.use((server, next) => {
      found.push(server.data.auth);
      next();
    });
    payload.token = tokens.issue({ role: "admin" });

    await enter(socket);

    expect(socket.recovered).toBe(true);
    for (const auth of found) {
      expect(auth).toEqual({ subject: "alice", expiresAt: expect.any(Number), claims: { role: "admin" } });
    }
    expect(found).toHaveLength("skipMiddlewares" in recovery ? 1 : 0);
  });

  it("section 5: the app's own data comes back with it, and nothing but the identity in auth", async () => {
    const { io, socket } = await dropped({}, recovery);
    await enter(socket);
    serverSide(io, socket).data.colour = "blue";
    await drop(io, socket);

    await enter(socket);

    expect(serverSide(io, socket).data).toEqual({
      colour: "blue",
      auth: { subject: "alice", expiresAt: expect.any(Number), claims: { role: "user" } },
    });
  });

  it("section 5: whom authorize admits no longer is told and cut before any event of theirs is handled", async () => {
    let allowed = true;
    const { io, socket } = await dropped({ authorize: async () => allowed }, recovery);
    const handled = vi.fn();
    io.on("connection", (server) => server.on("order", handled));
    allowed = false;
    const told = next(socket, "auth:revoked");
    const cut = next(socket, "disconnect");
    socket.once("connect", () => socket.emit("order"));

    socket.connect();

    expect((await told)[0]).toEqual({ reason: "insufficient_scope" });
    await cut;
    expect(handled).not.toHaveBeenCalled();
  });

  it("section 5: whose authorize fails for the time being is dropped, to come back and be asked again", async () => {
    let failing = false;
    const authorize = () => {
      if (failing) throw new Error("no database");
      return true;
    };
    const { socket } = await dropped({ authorize }, recovery);
    failing = true;
    const cut = next(socket, "disconnect");
    socket.connect();
    expect((await cut)[0]).toBe("transport close");
    failing = false;

    await enter(socket);

    expect(socket.recovered).toBe(true);
  });

  it("section 5: nothing that was held is handled where authorize fails, although the transport cannot close at once", async () => {
    let fail = () => {};
    let answer = (): boolean | Promise<boolean> => true;
    const { io, socket } = await dropped({ authorize: () => answer() }, recovery);
    const handled = vi.fn();
    io.on("connection", (server) => server.onAny(handled));
    answer = async () => {
      await new Promise<void>((resolve) => (fail = resolve));
      // The second waits in the buffer until the first is written.
      io.emit("news");
      io.emit("news");
      throw new Error("no database");
    };
    socket.once("connect", () => socket.emit("order"));
    await enter(socket);
    await arrival(serverSide(io, socket), '"order"');
    const gone = next(serverSide(io, socket), "disconnect");
    fail();
    await gone;

    expect(handled).not.toHaveBeenCalled();
  });

  it("T4 V8 whoever leaves and comes back while authorize is slow costs the siblings nothing", async () => {
    const slow: (() => void)[] = [];
    let isSlow = false;
    const authorize = async () => {
      if (isSlow) await new Promise((_, reject) => slow.push(() => reject(new Error("no database"))));
      return true;
    };
    const { io, url, tokens, socket } = await dropped({ authorize }, recovery);
    authenticate(io.of("/other"), { verify: tokens.verify });
    isSlow = true;
    const welcome = next(socket, "connect");
    socket.connect();
    await welcome;
    expect(socket.recovered).toBe(true);
    const other = socket.io.socket("/other", { auth: { token: tokens.issue() } });
    await enter(other);
    const lost = vi.fn();
    other.on("disconnect", lost);
    const server = serverSide(io, socket);
    const left = next(server, "disconnect");
    isSlow = false;
    socket.disconnect();
    await left;
    await enter(socket);
    expect(lost).not.toHaveBeenCalled();
    expect(url).toContain("localhost");
    for (const fail of slow) fail();
    await other.emitWithAck("auth:renew", {});
    expect(lost).not.toHaveBeenCalled();
  });

  it("section 5: events sent right after a recovery are handled in order once authorize has admitted", async () => {
    let admit = (_: boolean) => {};
    let answer: () => boolean | Promise<boolean> = () => true;
    const { io, socket } = await dropped({ authorize: () => answer() }, recovery);
    const handled: number[] = [];
    io.on("connection", (server) => server.on("order", (number: number) => handled.push(number)));
    answer = () => new Promise((resolve) => (admit = resolve));
    socket.once("connect", () => {
      for (const number of [1, 2, 3]) socket.emit("order", number);
    });
    await enter(socket);
    await arrival(serverSide(io, socket), '"order",3');
    expect(handled).toEqual([]);

    answer = () => true;
    admit(true);
    await socket.emitWithAck("auth:renew", {});

    expect(handled).toEqual([1, 2, 3]);
  });

  it("V6 a listener that throws at one event that was held does not lose the others", async () => {
    let admit = (_: boolean) => {};
    let answer: () => boolean | Promise<boolean> = () => true;
    const { io, socket } = await dropped({ authorize: () => answer() }, recovery);
    const handled: number[] = [];
    io.on("connection", (server) => {
      server.onAny((_event, number: number) => {
        if (number === 1) throw new Error("a mistake of the app");
      });
      server.on("order", (number: number) => handled.push(number));
    });
    answer = () => new Promise((resolve) => (admit = resolve));
    socket.once("connect", () => {
      for (const number of [1, 2, 3]) socket.emit("order", number);
    });
    await enter(socket);
    await arrival(serverSide(io, socket), '"order",3');
    const thrown = uncaught();
    answer = () => true;
    admit(true);
    await socket.emitWithAck("auth:renew", {});

    expect(handled).toEqual([2, 3]);
    expect((await thrown).message).toBe("a mistake of the app");
  });
});

describe("V5 a line that is down for longer than a token of four seconds, under load", () => {
  it("loses nothing for who returns with a fresh token, and brings nothing to garbage, an expired token or another's", async () => {
    const { io, url, tokens, payload, socket, received } = await dropped({}, {}, 4_000);
    let sent = 0;
    const timer = setInterval(() => io.to(userRoom("alice")).emit("message", sent++), 5);
    await expiry(url, payload.token);
    const bad = [payload.token, "garbage", undefined];
    for (const token of bad) {
      payload.token = token;
      await refusal(socket);
    }
    expect(received).toEqual([]);
    payload.token = tokens.issue();
    await enter(socket);
    await next(socket, "message");
    clearInterval(timer);
    await socket.emitWithAck("auth:renew", {});

    expect(socket.recovered).toBe(true);
    // Fewer on a busy machine, whose timers are late.
    expect(sent).toBeGreaterThan(50);
    expect(received).toEqual([...Array(sent).keys()]);
    await drop(io, socket);
    io.to(userRoom("alice")).emit("message", "for alice");
    payload.token = tokens.issue({ subject: "bob" });
    await enter(socket);
    expect(socket.recovered).toBe(false);
    expect(received).toHaveLength(sent);
  });
});

describe("the guard of recovery", () => {
  it("T9: what is sent while the token is verified arrives, once", async () => {
    const tokens = new Tokens();
    const { io, url } = await startServer({ connectionStateRecovery: {} });
    let asked = () => {};
    let answered = Promise.resolve();
    authenticate(io, {
      verify: async (token) => {
        asked();
        await answered;
        return tokens.verify(token);
      },
    });
    const socket = client(url, { token: tokens.issue() });
    const received: unknown[] = [];
    socket.on("message", (text) => received.push(text));
    await enter(socket);
    await drop(io, socket);
    let answer = () => {};
    answered = new Promise((resolve) => {
      answer = resolve;
    });
    const waiting = new Promise<void>((resolve) => {
      asked = resolve;
    });

    const entered = enter(socket);
    io.emit("message", 1);
    await waiting;
    io.emit("message", 2);
    answer();
    await entered;
    io.emit("message", 3);
    await socket.emitWithAck("auth:renew", {});

    expect(received).toEqual([1, 2, 3]);
  });

  it("T9: what is sent while the app's middleware is at work on a recovered socket arrives, once and in order", async () => {
    const { io, auth, socket, received } = await dropped({}, { skipMiddlewares: false });
    let release = () => {};
    const working = new Promise<void>((resolve) => {
      io.use((_, next) => {
        if (received.length > 0) return next();
        release = () => next();
        resolve();
      });
    });
    io.emit("message", 1);
    const entered = enter(socket);
    await working;
    io.emit("message", 2);
    io.to(userRoom("alice")).emit("message", 3);
    io.to(userRoom("bob")).emit("message", "for bob");
    io.except(userRoom("alice")).emit("message", "not for alice");
    io.volatile.emit("message", "volatile");
    expect(await auth.devices("alice")).toEqual([]);
    release();
    await entered;
    io.emit("message", 4);
    await socket.emitWithAck("auth:renew", {});

    expect(socket.recovered).toBe(true);
    expect(received).toEqual([1, 2, 3, 4]);

    // By the offset of the last of them.
    await drop(io, socket);
    io.emit("message", 5);
    await enter(socket);
    await socket.emitWithAck("auth:renew", {});
    expect(received).toEqual([1, 2, 3, 4, 5]);
  });

  it("T9: nothing of it reaches a recovered socket that the app's middleware refuses", async () => {
    const { io, socket, received } = await dropped({}, { skipMiddlewares: false });
    const any = vi.fn();
    socket.onAny(any);
    let refuse = () => {};
    const working = new Promise<void>((resolve) => {
      io.use((_, next) => {
        refuse = () => next(new Error("no"));
        resolve();
      });
    });
    const refused = refusal(socket);
    await working;
    io.emit("message", 1);
    refuse();
    await refused;
    io.emit("message", 2);

    expect(any).not.toHaveBeenCalled();
    expect(received).toEqual([]);
  });

  it("V5: a token that expires while the session is looked up gets nothing that was missed", async () => {
    const { io, url } = await startServer({ connectionStateRecovery: {} });
    const tokens = new Tokens();
    const { adapter } = io.of("/");
    const { restoreSession } = adapter;
    adapter.restoreSession = async (pid, offset) => {
      const session = await restoreSession.call(adapter, pid, offset);
      const { now } = Date;
      vi.spyOn(Date, "now").mockImplementation(() => now.call(Date) + 2 * 3_600_000);
      return session;
    };
    authenticate(io, { verify: tokens.verify });
    const socket = client(url, { token: tokens.issue() });
    const received: unknown[] = [];
    socket.on("message", (text) => received.push(text));
    await enter(socket);
    await drop(io, socket);
    io.emit("message", "missed");

    expect((await refusal(socket)).data).toEqual({ code: "token_expired" });
    expect(received).toEqual([]);
  });

  it.each(["verify", "restoreSession"])(
    "V5 V3 rules that a namespace gets during %s keep its session from whom only the Server's rules admit",
    async (during) => {
      const { io, url } = await startServer({ connectionStateRecovery: {} });
      const tokens = new Tokens();
      const admin = io.of("/admin");
      const { adapter } = admin;
      const { restoreSession } = adapter;
      let reached = (_step: string) => {};
      adapter.restoreSession = async (pid, offset) => {
        const session = await restoreSession.call(adapter, pid, offset);
        reached("restoreSession");
        return session;
      };
      const verify = (token: string) => {
        reached("verify");
        return tokens.verify(token);
      };
      authenticate(io, { verify });
      const connected = vi.fn();
      admin.on("connection", connected);
      const socket = client(`${url}/admin`, { token: tokens.issue() });
      const received: string[] = [];
      socket.onAny((event) => received.push(event));
      await enter(socket);
      await drop(io, socket, "/admin");
      admin.emit("missed");
      reached = (step) => {
        if (step !== during) return;
        authenticate(admin, { verify: new Tokens().verify });
        admin.emit("secret");
      };
      const cut = next(socket, "disconnect");
      socket.connect();
      await cut;
      expect(received).toEqual(["auth:session"]);
      expect(connected).toHaveBeenCalledTimes(1);
      expect((await refusal(socket)).data).toEqual({ code: "token_invalid" });
    },
  );

  it("T9: what is sent while a middleware needs almost the whole time of a CONNECT arrives", async () => {
    const { io, socket, received } = await dropped({}, { skipMiddlewares: false });
    let release = () => {};
    const working = new Promise<void>((resolve) => {
      io.use((_, next) => {
        release = () => next();
        resolve();
      });
    });
    vi.useFakeTimers({ shouldAdvanceTime: true, toFake: ["setTimeout", "clearTimeout", "performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const entered = enter(socket);
    await working;
    io.emit("message", 1);
    await vi.advanceTimersByTimeAsync(14_000);
    release();
    await entered;
    io.emit("message", 2);
    await socket.emitWithAck("auth:renew", {});

    expect(socket.recovered).toBe(true);
    expect(received).toEqual([1, 2]);
  });

  it("V6 an onAnyOutgoing that throws at an event that was sent during a recovery leaves a socket that can be ended", async () => {
    const { io, auth, socket, received } = await dropped({}, { skipMiddlewares: false });
    let release = () => {};
    const working = new Promise<void>((resolve) => {
      io.use((server, next) => {
        server.onAnyOutgoing((_event, text) => {
          if (text === 1) throw new Error("a mistake of the app");
        });
        release = () => next();
        resolve();
      });
    });
    const entered = enter(socket);
    await working;
    io.emit("message", 1);
    io.emit("message", 2);
    const thrown = uncaught();
    release();
    await entered;
    expect((await thrown).message).toBe("a mistake of the app");
    expect(received).toEqual([2]);
    const cut = next(socket, "disconnect");
    await auth.disconnectUser("alice", "x");
    await cut;
  });

  it("V9 a client whose session the adapter does not find in five seconds connects as new", async () => {
    const { io, url } = await startServer({ connectionStateRecovery: {} });
    const tokens = new Tokens();
    Object.assign(io.of("/").adapter, { restoreSession: () => new Promise(() => {}) });
    authenticate(io, { verify: tokens.verify });
    await enter(client(url, { token: tokens.issue(), pid: "pid", offset: "offset" }));
  });

  it("T8: a verify that is unavailable leaves the session for later", async () => {
    const tokens = new Tokens();
    const { io, url } = await startServer({ connectionStateRecovery: {} });
    let down = false;
    authenticate(io, {
      verify: (token) => {
        if (down) throw new AuthError("unavailable", "later", { retryAfter: 5 });
        return tokens.verify(token);
      },
    });
    const socket = client(url, { token: tokens.issue() });
    await enter(socket);
    await drop(io, socket);
    down = true;
    expect((await refusal(socket)).data).toEqual({ code: "unavailable", retryAfter: 5 });
    down = false;

    await enter(socket);

    expect(socket.recovered).toBe(true);
  });

  it("V3 whoever is disconnected while a middleware works gets no broadcast that was sent since", async () => {
    const { io, auth, socket, received } = await dropped({}, { skipMiddlewares: false });
    const held = new Promise<() => void>((resolve) => io.use((_, next) => resolve(next)));
    const end = Promise.all([next(socket, "auth:revoked"), next(socket, "disconnect")]);
    socket.connect();
    const release = await held;
    await auth.disconnectUser("alice", "banned");
    io.emit("message", "to all");
    io.to(userRoom("alice")).emit("message", "to alice");
    release();
    await end;
    expect(socket.recovered).toBe(true);
    expect(received).toEqual([]);
  });

  it("section 5: the token is verified once in a recovery that comes to nothing", async () => {
    const { tokens, payload, socket, auth } = await dropped();
    await auth.disconnectUser("alice", "x");
    payload.token = tokens.issue();
    tokens.seen.length = 0;

    await enter(socket);

    expect(tokens.seen).toEqual([payload.token]);
  });

  it("section 5: a session that was persisted by others without an identity is not restored", async () => {
    const { io, url } = await startServer({ connectionStateRecovery: {} });
    const tokens = new Tokens();
    const socket = client(url, { token: tokens.issue() });
    socket.connect();
    await next(socket, "connect");
    const stored = next(socket, "plain");
    io.emit("plain");
    await stored;
    const sentAway = next(socket, "disconnect");
    authenticate(io, { verify: tokens.verify });
    await sentAway;

    await enter(socket);

    expect(socket.recovered).toBe(false);
  });

  it("section 5: it holds for an adapter that replaces another after authenticate()", async () => {
    const { io, url } = await startServer({ connectionStateRecovery: {} });
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify });
    await enter(client(url, { token: tokens.issue() }));
    io.adapter(new MemoryCluster().adapter as Parameters<typeof io.adapter>[0]);
    const payload: { token: unknown } = { token: tokens.issue() };
    const socket = client(url, (answer: (payload: object) => void) => answer(payload));
    const received: unknown[] = [];
    socket.on("message", (text) => received.push(text));
    await enter(socket);
    await drop(io, socket);
    io.emit("message", 1);
    payload.token = "garbage";
    expect((await refusal(socket)).data).toEqual({ code: "token_invalid" });
    payload.token = tokens.issue({ subject: "bob" });

    await enter(socket);

    expect(socket.recovered).toBe(false);
    expect(received).toEqual([]);
  });

  it("section 5: it holds in dynamic namespaces", async () => {
    const { io, url } = await startServer({ connectionStateRecovery: {} });
    const tokens = new Tokens();
    authenticate(io.of(/^\/room-\d+$/), { verify: tokens.verify });
    const payload: { token: unknown } = { token: tokens.issue() };
    const socket = client(`${url}/room-1`, (answer: (payload: object) => void) => answer(payload));
    await enter(socket);
    await drop(io, socket, "/room-1");
    const valid = payload.token;
    payload.token = "garbage";
    expect((await refusal(socket)).data).toEqual({ code: "token_invalid" });
    payload.token = valid;

    await enter(socket);

    expect(socket.recovered).toBe(true);
  });

  it("section 5: a namespace that is not authenticated recovers as ever", async () => {
    const { io, url } = await startServer({ connectionStateRecovery: {} });
    authenticate(io.of("/chat"), { verify: new Tokens().verify });
    const socket = client(url, undefined);
    socket.connect();
    await next(socket, "connect");
    const stored = next(socket, "plain");
    io.emit("plain");
    await stored;
    await drop(io, socket);
    socket.connect();
    await next(socket, "connect");

    expect(socket.recovered).toBe(true);
  });

  it("S1: the token of a recovery is in no handshake either", async () => {
    const { io, payload, socket } = await dropped();
    await enter(socket);

    expect(socket.recovered).toBe(true);
    expect(JSON.stringify(serverSide(io, socket).handshake)).not.toContain(payload.token);
  });
});

describe("recovery across nodes", () => {
  async function startCluster() {
    const cluster = new MemoryCluster();
    const tokens = new Tokens();
    const start = async () => {
      const server = await startServer({ adapter: cluster.adapter, connectionStateRecovery: {} });
      return { ...server, auth: authenticate(server.io, { verify: tokens.verify }) };
    };
    const [here, there] = [await start(), await start()];
    const payload: { token: unknown } = { token: tokens.issue() };
    const socket = client(here.url, (answer: (payload: object) => void) => answer(payload));
    const received: unknown[] = [];
    socket.on("message", (text) => received.push(text));
    await enter(socket);
    await drop(here.io, socket);
    // The load balancer sends it elsewhere.
    Object.assign(socket.io, { uri: there.url });
    return { cluster, tokens, here, there, payload, socket, received };
  }

  it("section 5: a session of one node is recovered on the other, with nothing lost", async () => {
    const { here, there, socket, received } = await startCluster();
    here.io.to(userRoom("alice")).emit("message", 1);

    await enter(socket);

    expect(there.io.of("/").sockets.size).toBe(1);
    expect(socket.recovered).toBe(true);
    expect(received).toEqual([1]);
    expect(serverSide(there.io, socket).data.auth).toEqual({
      subject: "alice",
      expiresAt: expect.any(Number),
      claims: { role: "user" },
    });
  });

  it("T8: a refused token does not spend the session", async () => {
    const { here, payload, socket, received } = await startCluster();
    here.io.emit("message", 1);
    const valid = payload.token;
    payload.token = "garbage";
    expect((await refusal(socket)).data).toEqual({ code: "token_invalid" });
    payload.token = valid;

    await enter(socket);

    expect(received).toEqual([1]);
  });

  it("T8: a client that leaves while its token is verified does not spend the session", async () => {
    const cluster = new MemoryCluster();
    const tokens = new Tokens();
    const { io, url } = await startServer({ adapter: cluster.adapter, connectionStateRecovery: {} });
    let verify = tokens.verify;
    authenticate(io, { verify: (token) => verify(token) });
    const socket = client(url, { token: tokens.issue() });
    await enter(socket);
    await drop(io, socket);
    const engine = new Promise<{ close(): void; once(event: "close", listener: () => void): void }>(
      (resolve) => io.engine.once("connection", resolve),
    );
    const verified = new Promise<() => void>((resolve) => {
      verify = async (token) => {
        await new Promise<void>((answer) => resolve(answer));
        return tokens.verify(token);
      };
    });
    socket.connect();
    const [answer, conn] = [await verified, await engine];
    const closed = new Promise<void>((resolve) => conn.once("close", resolve));
    socket.io.engine.close();
    await closed;
    verify = tokens.verify;
    answer();

    await enter(socket);

    expect(socket.recovered).toBe(true);
  });

  it("section 5: a revocation on one node is remembered on the other", async () => {
    const { here, there, tokens, socket, received } = await startCluster();
    const other = client(there.url, { token: tokens.issue() });
    await enter(other);
    const told = next(other, "auth:revoked");
    here.io.emit("message", 1);
    await here.auth.disconnectUser("alice", "x");
    await told;

    await enter(socket);

    expect(socket.recovered).toBe(false);
    expect(received).toEqual([]);
  });

  it("V3 whoever was resumed before the news of a revocation came is ended by it", async () => {
    const { here, there, socket } = await startCluster();
    const deaf = there.io.sockets.listeners("authsocket:revoke") as (() => void)[];
    there.io.sockets.removeAllListeners("authsocket:revoke");
    const revoked = here.auth.disconnectUser("alice", "gone");
    await enter(socket);
    expect(socket.recovered).toBe(true);
    const told = next(socket, "auth:revoked");
    for (const listener of deaf) there.io.sockets.on("authsocket:revoke" as never, listener as never);
    await told;
    await revoked;
  });

  it("V3 whoever was resumed by a server that does not guard is ended there too", async () => {
    const { cluster, here, socket } = await startCluster();
    const plain = await startServer({ adapter: cluster.adapter, connectionStateRecovery: {} });
    Object.assign(socket.io, { uri: plain.url });
    const connected = next(socket, "connect");
    socket.connect();
    await connected;
    expect(socket.recovered).toBe(true);
    const cut = next(socket, "disconnect");
    await here.auth.disconnectUser("alice", "gone");
    expect((await cut)[0]).toBe("io server disconnect");
  });

  it("V5 recoveries on one node after the other do not make a session older", async () => {
    const { here, there, tokens, payload, socket } = await startCluster();
    await here.auth.disconnectUser("alice", "gone");
    payload.token = tokens.issue({ lifetime: 24 * 3_600_000 });
    const { now } = Date;
    // Ahead of the revocation, too, whose instant may be that of an earlier test of this process, whose clock was ahead.
    const ahead = instant() - now.call(Date) + 7_000;
    vi.spyOn(Date, "now").mockImplementation(() => now.call(Date) + ahead);
    await enter(socket);
    expect(socket.recovered).toBe(false);
    for (const [from, to] of [
      [there, here],
      [here, there],
      [there, here],
    ] as const) {
      await drop(from.io, socket);
      Object.assign(socket.io, { uri: to.url });
      await enter(socket);
      expect(socket.recovered).toBe(true);
    }
  });

  it("V3 a session that came from a node whose clock is ahead is not taken for a later one when it is resumed twice", async () => {
    const { cluster, tokens, here, there, socket } = await startCluster();
    cluster.storedAhead(4_000);
    // Once Bob is resumed there, it knows of all that was revoked here before.
    const bob = client(here.url, { token: tokens.issue({ subject: "bob" }) });
    await enter(bob);
    await drop(here.io, bob);
    Object.assign(bob.io, { uri: there.url });
    await enter(bob);
    expect(bob.recovered).toBe(true);
    const deaf = there.io.sockets.listeners("authsocket:revoke") as (() => void)[];
    there.io.sockets.removeAllListeners("authsocket:revoke");
    const revoked = here.auth.disconnectUser("alice", "gone");
    // Time passes.
    await drop(there.io, bob);
    await enter(bob);
    await enter(socket);
    expect(socket.recovered).toBe(true);
    await drop(there.io, socket);
    for (const listener of deaf) there.io.sockets.on("authsocket:revoke" as never, listener as never);
    await revoked;

    await enter(socket);

    expect(socket.recovered).toBe(false);
  });

  it("V3 a session that began while its node's clock was ahead is not taken for a later one", async () => {
    const { cluster, there, socket } = await startCluster();
    cluster.begunAhead(60_000);
    await there.auth.disconnectUser("alice", "gone");
    await enter(socket);
    expect(socket.recovered).toBe(false);
  });

  it("section 5: a session of a node whose clock is ahead by seconds is not taken for a later one", async () => {
    const { cluster, here, there, socket, received } = await startCluster();
    cluster.storedAhead(3_000);
    here.io.emit("message", 1);
    await there.auth.disconnectUser("alice", "x");

    await enter(socket);

    expect(socket.recovered).toBe(false);
    expect(received).toEqual([]);
  });
});

describe("V5 where an adapter stores a session by its private id alone, it comes back only where it was", () => {
  /** A server whose namespaces share the adapter's store. */
  async function startShared() {
    const cluster = new MemoryCluster();
    const { io, url } = await startServer({ adapter: cluster.adapter, connectionStateRecovery: {} });
    return { cluster, io, url, tokens: new Tokens() };
  }

  /** Connects to a namespace, is dropped there, and returns what a CONNECT asks for that session with. */
  async function lost(io: Server, socket: ClientSocket, namespace: string) {
    const known = next(socket, "known");
    socket.connect();
    await next(socket, "connect");
    serverSide(io, socket, namespace).emit("known");
    await known;
    const { _pid: pid, _lastOffset: offset } = socket as unknown as { _pid: string; _lastOffset: string };
    await drop(io, socket, namespace);
    return { pid, offset };
  }

  /** A client, and the names of what it receives. */
  function asking(url: string, payload: object) {
    const socket = client(url, payload);
    const received: string[] = [];
    socket.onAny((event) => received.push(event));
    return { socket, received };
  }

  it("the app's middleware keeps out whoever brings the session of another namespace", async () => {
    const { io, url, tokens } = await startShared();
    authenticate(io, { verify: tokens.verify });
    io.of("/admin").use((_, next) => next(new Error("administrators only")));
    const token = tokens.issue();
    const session = await lost(io, client(url, { token }), "/");
    io.of("/admin").emit("report");
    const { socket, received } = asking(`${url}/admin`, { token, ...session });

    expect((await refusal(socket)).message).toBe("administrators only");
    expect(received).toEqual([]);
  });

  it("whoever may not enter a namespace gets nothing that was sent there, by the session of another", async () => {
    const { io, url, tokens } = await startShared();
    authenticate(io, { verify: tokens.verify, authorize: (_, { nsp }) => nsp.name !== "/admin" });
    const token = tokens.issue();
    const session = await lost(io, client(url, { token }), "/");
    io.of("/admin").emit("report");
    const { socket, received } = asking(`${url}/admin`, { token, ...session });

    expect((await refusal(socket)).data).toEqual({ code: "insufficient_scope" });
    expect(received).toEqual([]);
  });

  it("a room of one namespace does not become the room of that name in another", async () => {
    const { io, url, tokens } = await startShared();
    authenticate(io, { verify: tokens.verify });
    io.of("/chat").on("connection", (server) => server.join("administrators"));
    const token = tokens.issue();
    const session = await lost(io, client(`${url}/chat`, { token }), "/chat");
    io.to("administrators").emit("secret");
    const { socket, received } = asking(url, { token, ...session });

    await enter(socket);

    expect(serverSide(io, socket).recovered).toBe(false);
    expect(received).toEqual(["auth:session"]);
    expect([...serverSide(io, socket).rooms].sort()).toEqual([socket.id, userRoom("alice")].sort());
  });

  it("users of a namespace's own rules bring nothing to the others, nor after they were disconnected", async () => {
    const { io, url, tokens } = await startShared();
    authenticate(io, { verify: tokens.verify });
    const staff = authenticate(io.of("/staff"), { verify: tokens.verify });
    io.of("/staff").on("connection", (server) => {
      server.data.role = "staff";
    });
    const token = tokens.issue();
    const session = await lost(io, client(`${url}/staff`, { token }), "/staff");
    await staff.disconnectUser("alice", "gone");
    const { socket } = asking(url, { token, ...session });

    await enter(socket);

    expect(serverSide(io, socket).recovered).toBe(false);
    expect(serverSide(io, socket).data).toEqual({ auth: expect.anything() });
  });

  it("a namespace that got rules of its own resumes no session of the rules before", async () => {
    const { io, url, tokens } = await startShared();
    authenticate(io, { verify: tokens.verify });
    io.of("/staff");
    const token = tokens.issue();
    const session = await lost(io, client(`${url}/staff`, { token }), "/staff");
    authenticate(io.of("/staff"), { verify: tokens.verify });
    const { socket } = asking(`${url}/staff`, { token, ...session });

    await enter(socket);

    expect(serverSide(io, socket, "/staff").recovered).toBe(false);
  });

  it("a namespace without tokens makes no user of whoever brings a user's session", async () => {
    const { io, url, tokens } = await startShared();
    authenticate(io, { verify: tokens.verify, except: ["/public"] });
    const session = await lost(io, client(url, { token: tokens.issue() }), "/");
    io.of("/public").to(userRoom("alice")).emit("private");
    const { socket, received } = asking(`${url}/public`, session);
    socket.connect();
    await next(socket, "connect");
    const { recovered, data, rooms } = serverSide(io, socket, "/public");

    expect(recovered).toBe(false);
    expect(received).toEqual([]);
    expect(data).toEqual({});
    expect([...rooms]).toEqual([socket.id]);
  });

  it("a namespace without tokens brings nobody into a guarded one, whatever its app puts into socket.data", async () => {
    const { cluster, io, url, tokens } = await startShared();
    authenticate(io, { verify: tokens.verify, guests: true, except: ["/public"] });
    await lost(io, client(url, {}), "/");
    const [stored] = cluster.stored;
    io.of("/public").on("connection", (server) => {
      server.data = structuredClone(stored);
      server.join("administrators");
    });
    const session = await lost(io, client(`${url}/public`, {}), "/public");
    const { socket } = asking(url, session);
    socket.connect();
    await next(socket, "connect");

    expect(serverSide(io, socket).recovered).toBe(false);
    expect([...serverSide(io, socket).rooms]).toEqual([socket.id]);
  });

  it("a namespace without tokens recovers as ever, with what its app keeps in socket.data.auth", async () => {
    const { io, url, tokens } = await startShared();
    authenticate(io, { verify: tokens.verify, except: ["/public"] });
    io.of("/public").on("connection", (server) => {
      server.data.auth ??= { node: "of a tree" };
    });
    const session = await lost(io, client(`${url}/public`, {}), "/public");
    io.of("/public").emit("missed");
    const { socket, received } = asking(`${url}/public`, session);
    socket.connect();
    await next(socket, "connect");
    const { recovered, data } = serverSide(io, socket, "/public");

    expect(recovered).toBe(true);
    expect(received).toEqual(["missed"]);
    expect(data).toEqual({ auth: { node: "of a tree" } });
  });
});
