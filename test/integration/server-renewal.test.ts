import type { Server, Socket } from "socket.io";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { authenticate } from "../../src/server/index.ts";
import { client, enter, next, serverSide, startServer, Tokens } from "../support/guarded-server.ts";

/** Promises that a test settles by hand, in whatever order. */
class Gates {
  readonly #open = new Map<string, () => void>();
  readonly #waiting = new Map<string, Promise<void>>();

  wait(name: string): Promise<void> {
    const found = this.#waiting.get(name) ?? new Promise<void>((resolve) => this.#open.set(name, resolve));
    this.#waiting.set(name, found);
    return found;
  }

  open(name: string): void {
    void this.wait(name);
    this.#open.get(name)?.();
  }
}

describe("auth:renew", () => {
  it("B13: gives the live connection a new lifetime, and socket.data.auth the new identity", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify });
    const socket = client(url, { token: tokens.issue({ lifetime: 60_000 }) });
    await enter(socket);
    const { id } = socket;

    const answer = await socket.emitWithAck("auth:renew", { token: tokens.issue({ role: "admin" }) });

    expect(answer).toEqual({ expiresIn: expect.any(Number) });
    expect(answer.expiresIn).toBeGreaterThan(3_590_000);
    expect(serverSide(io, socket).data.auth.claims).toEqual({ role: "admin" });
    expect(socket.id).toBe(id);
  });

  it("B13: a renewed connection outlives the token that it began with", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify });
    const lifetime = 1_000;
    const socket = client(url, { token: tokens.issue({ lifetime }) });
    const other = client(url, { token: tokens.issue({ lifetime }) });
    const disconnected = vi.fn();
    socket.on("disconnect", disconnected);
    await Promise.all([enter(socket), enter(other)]);

    await socket.emitWithAck("auth:renew", { token: tokens.issue() });
    await next(other, "disconnect");
    await socket.emitWithAck("auth:renew", { token: tokens.issue() });

    expect(disconnected).not.toHaveBeenCalled();
  });

  it.each<[string, (log: (...event: unknown[]) => void) => (io: Server) => void]>([
    ["onAny", (log) => (io) => io.on("connection", (socket) => socket.onAny(log))],
    [
      "prependAny, in a middleware of the namespace",
      (log) => (io) =>
        io.use((socket, next) => {
          socket.prependAny(log);
          next();
        }),
    ],
    ["prependAny, once it is connected", (log) => (io) => io.on("connection", (s) => s.prependAny(log))],
  ])("S1: a listener that sees all events of a socket sees no renewal: %s", async (_name, watch) => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify });
    const seen = vi.fn();
    watch(seen)(io);
    const socket = client(url, { token: tokens.issue() });
    await enter(socket);

    const answer = await socket.emitWithAck("auth:renew", { token: tokens.issue({ lifetime: 7_200_000 }) });

    expect(answer.expiresIn).toBeGreaterThan(7_000_000);
    expect(seen).not.toHaveBeenCalled();
  });

  it("S1: a middleware that refuses unknown events sees and refuses no renewal, wherever it was added", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const seen: unknown[] = [];
    const refuse = (socket: Socket) =>
      socket.use((event, next) => {
        seen.push(event);
        next(new Error("unknown event"));
      });
    io.use((socket, next) => {
      refuse(socket);
      next();
    });
    io.on("connection", refuse);
    authenticate(io, { verify: tokens.verify });
    const socket = client(url, { token: tokens.issue() });
    await enter(socket);

    const token = tokens.issue({ lifetime: 7_200_000 });
    const answer = await socket.emitWithAck("auth:renew", { token });

    expect(answer.expiresIn).toBeGreaterThan(7_000_000);
    expect(seen).toEqual([]);
  });

  it.each([
    ["no payload", undefined, "token_missing"],
    ["null", null, "token_missing"],
    ["a payload without token", {}, "token_missing"],
    ["a bare string", "x", "token_missing"],
    ["a token that is no string", { token: 42 }, "token_invalid"],
    ["an oversized token", { token: "x".repeat(16_385) }, "token_invalid"],
    ["an unknown token", { token: "secret-x" }, "token_invalid"],
  ])("section 3: %s is answered by code and message, and changes nothing", async (_name, payload, code) => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify });
    const socket = client(url, { token: tokens.issue() });
    await enter(socket);
    const before = serverSide(io, socket).data.auth;

    const answer = await socket.emitWithAck("auth:renew", payload);

    expect(answer).toEqual({ code, message: expect.stringMatching(/^\w[\w ]+$/) });
    expect(serverSide(io, socket).data.auth).toBe(before);
  });

  it("B16: another user's token is refused, however valid", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify });
    const socket = client(url, { token: tokens.issue() });
    await enter(socket);

    const answer = await socket.emitWithAck("auth:renew", { token: tokens.issue({ subject: "bob" }) });

    expect(answer.code).toBe("token_invalid");
    expect(serverSide(io, socket).data.auth.subject).toBe("alice");
  });

  it("section 5: authorize is asked again, and its refusal leaves the connection until its old expiry", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify, authorize: ({ claims }) => claims.role === "admin" });
    const expiresAt = Date.now() + 1_000;
    const socket = client(url, { token: tokens.issue({ lifetime: 1_000, role: "admin" }) });
    await enter(socket);
    const cut = next(socket, "disconnect");

    const answer = await socket.emitWithAck("auth:renew", { token: tokens.issue() });

    expect(answer.code).toBe("insufficient_scope");
    expect(socket.connected).toBe(true);
    expect((await cut)[0]).toBe("io server disconnect");
    expect(Date.now()).toBeGreaterThanOrEqual(expiresAt);
  });

  it("T16: a renewal without acknowledgement counts, and one with anything else in its place harms nobody", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify });
    const socket = client(url, { token: tokens.issue() });
    await enter(socket);

    socket.emit("auth:renew", { token: tokens.issue({ role: "first" }) });
    socket.emit("auth:renew", { token: tokens.issue({ role: "second" }) }, "no function");
    socket.emit("auth:renew");
    await socket.emitWithAck("auth:renew", {});

    expect(serverSide(io, socket).data.auth.claims.role).toBe("second");
  });

  it("section 5: of two renewals at once the last valid one wins, each verified in its turn", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const gates = new Gates();
    let running = 0;
    let most = 0;
    authenticate(io, {
      verify: async (token) => {
        most = Math.max(most, ++running);
        await gates.wait(token);
        running--;
        return tokens.verify(token);
      },
    });
    const [begin, first, second] = ["begin", "first", "second"].map((role) => tokens.issue({ role })) as [
      string,
      string,
      string,
    ];
    gates.open(begin);
    const socket = client(url, { token: begin });
    await enter(socket);

    const answers = [first, second, "secret-x"].map((token) => socket.emitWithAck("auth:renew", { token }));
    for (const token of ["secret-x", second, first]) gates.open(token);

    expect(await Promise.all(answers)).toEqual([
      { expiresIn: expect.any(Number) },
      { expiresIn: expect.any(Number) },
      expect.objectContaining({ code: "token_invalid" }),
    ]);
    expect(serverSide(io, socket).data.auth.claims.role).toBe("second");
    expect(most).toBe(1);
  });

  it("V4 one socket makes verify run eight times at once and twice a second beyond, and is told when to come back", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify });
    const socket = client(url, { token: tokens.issue() });
    await enter(socket);
    const begun = performance.now();
    tokens.seen.length = 0;
    const renew = () => socket.emitWithAck("auth:renew", { token: tokens.issue() });

    const answers = await Promise.all(Array.from({ length: 500 }, renew));

    const allowed = 8 + Math.ceil(((performance.now() - begun) / 1_000) * 2);
    expect(tokens.seen.length).toBeGreaterThanOrEqual(8);
    expect(tokens.seen.length).toBeLessThanOrEqual(allowed);
    const refused = answers.filter(({ code }) => code !== undefined);
    expect(refused).not.toEqual([]);
    for (const refusal of refused) expect(refusal).toMatchObject({ code: "unavailable", retryAfter: 500 });
    expect(socket.connected).toBe(true);
  });

  it("section 5: more than eight renewals never wait, so that a hanging verify costs no memory", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const gates = new Gates();
    const begin = tokens.issue();
    authenticate(io, {
      verify: async (token) => {
        if (token !== begin) await gates.wait("all");
        return tokens.verify(token);
      },
    });
    const socket = client(url, { token: begin });
    await enter(socket);
    const renew = () => socket.emitWithAck("auth:renew", { token: tokens.issue() });
    const waiting = Array.from({ length: 8 }, renew);

    const ninth = await renew();
    gates.open("all");

    expect(ninth.code).toBe("unavailable");
    expect((await Promise.all(waiting)).map(({ code }) => code)).toEqual(Array(8).fill(undefined));
  });

  it("section 5: a client that leaves while its renewal is verified leaves no timer behind", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const gates = new Gates();
    const [begin, late] = [tokens.issue(), tokens.issue()];
    authenticate(io, {
      verify: async (token) => {
        if (token !== begin) {
          gates.open("asked");
          await gates.wait("late");
        }
        return tokens.verify(token);
      },
    });
    const socket = client(url, { token: begin });
    await enter(socket);
    const server = serverSide(io, socket);
    const gone = next(server, "disconnect");
    socket.emit("auth:renew", { token: late });
    await gates.wait("asked");
    socket.disconnect();
    await gone;
    const before = server.data.auth;

    gates.open("late");
    await enter(client(url, { token: begin }));

    expect(server.data.auth).toBe(before);
  });

  it("S1: neither the app's listeners nor its socket middlewares see the token", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const seen: unknown[] = [];
    io.on("connection", (socket) => {
      socket.use((event, next) => {
        seen.push(event);
        next();
      });
      socket.on("auth:renew", (...args) => seen.push(args));
    });
    authenticate(io, { verify: tokens.verify });
    const socket = client(url, { token: tokens.issue() });
    await enter(socket);

    await socket.emitWithAck("auth:renew", { token: tokens.issue() });

    expect(seen).toEqual([]);
  });

  it("B13: events around a renewal arrive once and in order, while it is verified too", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify });
    const received: number[] = [];
    io.on("connection", (socket) => {
      socket.on("count", (number: number, ack?: () => void) => {
        received.push(number);
        ack?.();
      });
    });
    const socket = client(url, { token: tokens.issue() });
    await enter(socket);

    const renewals: Promise<unknown>[] = [];
    for (let number = 0; number < 100; number++) {
      socket.emit("count", number);
      if (number % 10 === 5) renewals.push(socket.emitWithAck("auth:renew", { token: tokens.issue() }));
    }
    await socket.emitWithAck("count", 100);
    await Promise.all(renewals);

    expect(received).toEqual(Array.from({ length: 101 }, (_, number) => number));
  });
});

describe("expiry", () => {
  it("section 5: notice is given, then the socket is cut at its expiry and its siblings live on", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    authenticate(io.of("/chat"), { verify: tokens.verify, notice: 100 });
    const expiresAt = Date.now() + 1_000;
    const chat = client(`${url}/chat`, { token: tokens.issue({ lifetime: 1_000 }) });
    const sibling = chat.io.socket("/").connect();
    await Promise.all([enter(chat), next(sibling, "connect")]);
    const cut = next(chat, "disconnect");

    const [notice] = (await next(chat, "auth:expiring")) as [{ expiresIn: number }];
    const noticedAt = Date.now();

    expect(notice.expiresIn).toBeGreaterThan(0);
    expect(notice.expiresIn).toBeLessThanOrEqual(100);
    expect(noticedAt).toBeGreaterThanOrEqual(expiresAt - 100);
    expect((await cut)[0]).toBe("io server disconnect");
    expect(Date.now()).toBeGreaterThanOrEqual(expiresAt);
    expect(sibling.connected).toBe(true);
    sibling.disconnect();
  });

  it("section 5: a lifetime shorter than the notice that is asked for has it at its half", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify, notice: 10_000 });
    const socket = client(url, { token: tokens.issue({ lifetime: 1_000 }) });
    await enter(socket);

    const [{ expiresIn }] = (await next(socket, "auth:expiring")) as [{ expiresIn: number }];

    expect(expiresIn).toBeGreaterThan(0);
    expect(expiresIn).toBeLessThanOrEqual(500);
  });

  it("section 3: by default the notice comes in the last tenth of the lifetime, after the client's own renewal", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify });
    const expiresAt = Date.now() + 2_000;
    const socket = client(url, { token: tokens.issue({ lifetime: 2_000 }) });
    await enter(socket);

    const [{ expiresIn }] = (await next(socket, "auth:expiring")) as [{ expiresIn: number }];

    expect(expiresIn).toBeLessThanOrEqual(200);
    expect(Date.now()).toBeGreaterThanOrEqual(expiresAt - 200);
  });

  it("B19: a notice of 0 is one: the cut follows at once", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify, notice: 0 });
    const socket = client(url, { token: tokens.issue({ lifetime: 700 }) });
    const cut = next(socket, "disconnect");
    await enter(socket);

    expect(await next(socket, "auth:expiring")).toEqual([{ expiresIn: 0 }]);
    await cut;
  });

  it("B13: a renewal that follows the notice saves the connection, which gets its next notice in time", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify, notice: 300 });
    const socket = client(url, { token: tokens.issue({ lifetime: 1_500 }) });
    const disconnected = vi.fn();
    socket.on("disconnect", disconnected);
    await enter(socket);

    for (let renewals = 0; renewals < 3; renewals++) {
      await next(socket, "auth:expiring");
      await socket.emitWithAck("auth:renew", { token: tokens.issue({ lifetime: 1_500 }) });
    }

    expect(disconnected).not.toHaveBeenCalled();
  });

  it("T19: a token that lives longer than a timer can wait cuts nobody", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify });
    // Node says so when a timer is too long for it.
    const warnings = vi.spyOn(process, "emitWarning");
    onTestFinished(() => warnings.mockRestore());
    const socket = client(url, { token: tokens.issue({ lifetime: 60 * 24 * 3_600_000 }) });
    const cut = vi.fn();
    await enter(socket);
    serverSide(io, socket).on("disconnect", cut);

    await socket.emitWithAck("auth:renew", {});
    expect(cut).not.toHaveBeenCalled();
    expect(warnings).not.toHaveBeenCalled();
  });

  it("T19: it holds no process open, and no timer of a socket that has gone", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify });
    const socket = client(url, { token: tokens.issue({ lifetime: 700 }) });
    const sibling = client(url, { token: tokens.issue({ lifetime: 700 }) });
    await enter(socket);
    await enter(sibling);
    const server = serverSide(io, socket);
    const gone = next(server, "disconnect");
    socket.disconnect();
    await gone;
    const cut = vi.spyOn(server, "disconnect");

    await next(sibling, "disconnect");

    expect(cut).not.toHaveBeenCalled();
  });
});
