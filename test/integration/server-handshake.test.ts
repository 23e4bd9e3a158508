import fc from "fast-check";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { AuthError, authenticate } from "../../src/server/index.ts";
import { client, enter, next, refusal, serverSide, startServer, Tokens } from "../support/guarded-server.ts";

describe("authenticate() at the door", () => {
  it("section 5: says hello with what is left of the token, and puts the identity into socket.data.auth", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify });
    const socket = client(url, { token: tokens.issue({ lifetime: 60_000, role: "admin" }) });

    const { expiresIn } = await enter(socket);

    expect(expiresIn).toBeGreaterThan(55_000);
    expect(expiresIn).toBeLessThanOrEqual(60_000);
    const { auth } = serverSide(io, socket).data;
    expect(auth).toEqual({ subject: "alice", expiresAt: expect.any(Number), claims: { role: "admin" } });
    expect(auth.expiresAt - Date.now()).toBeLessThanOrEqual(60_000);
  });

  it("section 3: sends the hello before anything that the app's own listeners send, whenever they were added", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    io.on("connect", (socket) => socket.emit("early"));
    authenticate(io, { verify: tokens.verify });
    io.on("connect", (socket) => socket.emit("late"));
    const socket = client(url, { token: tokens.issue() });
    const events: string[] = [];
    socket.onAny((event) => events.push(event));

    const both = Promise.all([next(socket, "early"), next(socket, "late")]);
    socket.connect();
    await both;

    expect(events[0]).toBe("auth:session");
  });

  it("T16: the app's middlewares behind it find the identity there", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify });
    const found: unknown[] = [];
    io.use((socket, next) => {
      found.push(socket.data.auth?.subject);
      next();
    });

    await enter(client(url, { token: tokens.issue({ subject: "bob" }) }));

    expect(found).toEqual(["bob"]);
  });

  it.each([
    ["nothing", undefined, "token_missing"],
    ["null", null, "token_missing"],
    ["an empty string", "", "token_missing"],
    ["a number", 42, "token_invalid"],
    ["an object", { token: "x" }, "token_invalid"],
    ["an array", ["x"], "token_invalid"],
    ["a boolean", true, "token_invalid"],
    ["a text longer than any token", "x".repeat(16_385), "token_invalid"],
    ["100 kB of text", "x".repeat(100_000), "token_invalid"],
  ])("T21: %s as a token is refused by code, and never verified", async (_name, token, code) => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify });

    expect((await refusal(client(url, { token }))).data).toEqual({ code });
    expect(tokens.seen).toEqual([]);
  });

  it("T21: a CONNECT without any payload is refused as token_missing", async () => {
    const { io, url } = await startServer();
    authenticate(io, { verify: new Tokens().verify });

    expect((await refusal(client(url, undefined))).data).toEqual({ code: "token_missing" });
  });

  it("T21: the longest token is verified", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify });
    const token = "x".repeat(16_384);

    expect((await refusal(client(url, { token }))).data).toEqual({ code: "token_invalid" });
    expect(tokens.seen).toEqual([token]);
  });

  it("section 5: an AuthError of verify is passed on with its code, message and retryAfter, without its cause", async () => {
    const { io, url } = await startServer();
    authenticate(io, {
      verify: () => {
        throw new AuthError("unavailable", "the key server rests", { retryAfter: 1_500, cause: "a secret" });
      },
    });

    expect(await refusal(client(url, { token: "x" }))).toEqual({
      message: "the key server rests",
      data: { code: "unavailable", retryAfter: 1_500 },
    });
  });

  it("S1: what verify throws stays on the server", async () => {
    const { io, url } = await startServer();
    authenticate(io, {
      verify: (token) => {
        throw new Error(`cannot read ${token}`);
      },
      onEvent: () => {},
    });

    expect((await refusal(client(url, { token: "secret-of-mine" }))).message).toBe(
      "Authentication unavailable",
    );
  });

  it.each<[string, () => boolean | Promise<boolean>, string]>([
    ["answers false", () => false, "insufficient_scope"],
    ["answers false late", async () => false, "insufficient_scope"],
    [
      "throws",
      () => {
        throw new Error("x");
      },
      "unavailable",
    ],
    ["rejects", () => Promise.reject(new Error("x")), "unavailable"],
    [
      "throws an AuthError",
      () => {
        throw new AuthError("token_revoked");
      },
      "token_revoked",
    ],
  ])("T16: an authorize that %s is a refusal by code", async (_name, authorize, code) => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const entered = vi.fn();
    authenticate(io, { verify: tokens.verify, authorize });
    io.on("connection", entered);

    expect((await refusal(client(url, { token: tokens.issue() }))).data).toEqual({ code });
    expect(entered).not.toHaveBeenCalled();
  });

  it.each(["verify", "authorize"])(
    "T16: a hanging %s is refused as unavailable after ten seconds",
    async (name) => {
      const { io, url } = await startServer();
      const tokens = new Tokens();
      const hang = () => new Promise<never>(() => asked());
      let asked = () => {};
      const waiting = new Promise<void>((resolve) => {
        asked = resolve;
      });
      vi.useFakeTimers({ shouldAdvanceTime: true, toFake: ["setTimeout", "clearTimeout"] });
      onTestFinished(() => {
        vi.useRealTimers();
      });
      authenticate(io, { verify: tokens.verify, [name]: hang });

      const refused = refusal(client(url, { token: tokens.issue() }));
      await waiting;
      await vi.advanceTimersByTimeAsync(10_000);

      expect((await refused).data).toEqual({ code: "unavailable" });
    },
  );

  it("section 5: a token that expires while authorize is at work is refused as expired", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const clock = vi.spyOn(Date, "now");
    onTestFinished(() => clock.mockRestore());
    authenticate(io, {
      verify: tokens.verify,
      authorize: () => {
        const now = Date.now() + 60_000;
        clock.mockImplementation(() => now);
        return true;
      },
    });

    expect((await refusal(client(url, { token: tokens.issue({ lifetime: 60_000 }) }))).data).toEqual({
      code: "token_expired",
    });
  });

  it.each<[string, (next: (error?: Error) => void) => unknown, string]>([
    [
      "throws",
      () => {
        throw new Error("no database");
      },
      "unavailable",
    ],
    ["rejects", () => Promise.reject(new Error("no database")), "unavailable"],
    [
      "rejects with an AuthError",
      () => Promise.reject(new AuthError("insufficient_scope")),
      "insufficient_scope",
    ],
  ])(
    "T16: an app's middleware that %s is a refusal by code, and a warning at most",
    async (_name, work, code) => {
      const { io, url } = await startServer();
      const tokens = new Tokens();
      const warnings = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
      onTestFinished(() => warnings.mockRestore());
      authenticate(io, { verify: tokens.verify });
      io.use((_, next) => work(next));

      for (let attempt = 0; attempt < 2; attempt++) {
        expect((await refusal(client(url, { token: tokens.issue() }))).data).toEqual({ code });
      }
      expect(warnings).toHaveBeenCalledTimes(code === "unavailable" ? 1 : 0);
    },
  );

  it("T16: an app's middleware that answers twice, or throws after its answer, has let the client in once", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const warnings = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    onTestFinished(() => warnings.mockRestore());
    const entered = vi.fn();
    authenticate(io, { verify: tokens.verify });
    io.use(async (_, next) => {
      next();
      next(new Error("too late"));
      throw new Error("too late");
    });
    io.on("connection", entered);
    const socket = client(url, { token: tokens.issue() });
    const refused = vi.fn();
    socket.on("connect_error", refused);

    await enter(socket);

    expect((await socket.emitWithAck("auth:renew", {})).code).toBe("token_missing");
    expect(entered).toHaveBeenCalledOnce();
    expect(refused).not.toHaveBeenCalled();
  });

  it("T16: so are the middlewares of a dynamic namespace", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const warnings = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    onTestFinished(() => warnings.mockRestore());
    const rooms = io.of(/^\/room-\d+$/);
    authenticate(rooms, { verify: tokens.verify });
    rooms.use(async () => {
      throw new Error("no database");
    });

    expect((await refusal(client(`${url}/room-1`, { token: tokens.issue() }))).data).toEqual({
      code: "unavailable",
    });
  });

  it("section 5: a middleware that puts something else in the place of the handshake's auth shuts nobody out", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify });
    io.use((socket, next) => {
      socket.handshake.auth = {};
      next();
    });
    const socket = client(url, { token: tokens.issue() });

    await enter(socket);

    expect((await socket.emitWithAck("auth:renew", { token: tokens.issue() })).code).toBeUndefined();
  });

  it("section 5: authorize decides by identity and socket, for each namespace", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    authenticate(io.of("/chat"), { verify: tokens.verify });
    authenticate(io.of("/admin"), {
      verify: tokens.verify,
      authorize: ({ claims }, socket) => claims.role === "admin" && socket.nsp.name === "/admin",
    });
    const user = tokens.issue();

    await enter(client(`${url}/chat`, { token: user }));
    await enter(client(`${url}/admin`, { token: tokens.issue({ role: "admin" }) }));

    expect((await refusal(client(`${url}/admin`, { token: user }))).data).toEqual({
      code: "insufficient_scope",
    });
  });

  it("section 5: dynamic namespaces are authenticated through their parent", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    authenticate(io.of(/^\/room-\d+$/), { verify: tokens.verify });

    await enter(client(`${url}/room-1`, { token: tokens.issue() }));

    expect((await refusal(client(`${url}/room-2`, {}))).data).toEqual({ code: "token_missing" });
  });

  it("S1: the raw token is in no handshake, and so in nothing that fetchSockets answers", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const seen: unknown[] = [];
    authenticate(io, { verify: tokens.verify });
    io.use((socket, next) => {
      seen.push({ ...socket.handshake.auth });
      next();
    });
    const token = tokens.issue();
    await enter(client(url, { token, room: "blue" }));

    const [remote] = await io.fetchSockets();

    expect(seen).toEqual([{ room: "blue" }]);
    expect(JSON.stringify(remote?.handshake)).not.toContain(token);
    expect(JSON.stringify(remote?.data)).not.toContain(token);
  });

  it("section 5: a client that leaves while its token is verified takes no place", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    let verified = () => {};
    let asked = () => {};
    const started = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const gate = new Promise<void>((resolve) => {
      verified = resolve;
    });
    const entered = vi.fn();
    authenticate(io, {
      verify: async (token) => {
        asked();
        await gate;
        return tokens.verify(token);
      },
    });
    io.on("connection", entered);
    const socket = client(url, { token: tokens.issue() });
    const conn = new Promise<{ once(event: "close", listener: () => void): void }>((resolve) => {
      io.engine.once("connection", resolve);
    });
    socket.connect();
    await started;
    const closed = conn.then((engine) => new Promise<void>((resolve) => engine.once("close", resolve)));

    socket.io.engine.close();
    await closed;
    verified();
    await enter(client(url, { token: tokens.issue({ subject: "bob" }) }));

    expect(entered).toHaveBeenCalledOnce();
    expect(io.of("/").sockets.size).toBe(1);
  });
});

describe("the options of authenticate()", () => {
  const verify = new Tokens().verify;

  it.each([
    ["verify", {}],
    ["verify", undefined],
    ["verify", { verify: "x" }],
    ["authorize", { verify, authorize: true }],
    ["notice", { verify, notice: -1 }],
    ["notice", { verify, notice: Number.NaN }],
    ["notice", { verify, notice: "5" }],
    ["except", { verify, except: "/public" }],
    ["except", { verify, except: [""] }],
    ["except", { verify, except: [/^\/public/g] }],
    ["guests", { verify, guests: "yes" }],
    ["onEvent", { verify, onEvent: {} }],
  ])("section 5: a bad %s is a TypeError that names it (%#)", async (name, options) => {
    const { io } = await startServer();
    const call = () => authenticate(io, options as { verify: typeof verify });
    expect(call).toThrow(TypeError);
    expect(call).toThrow(`"${name}" must be`);
  });

  it("section 5: an option that it does not know, and except for a namespace, are TypeErrors that say so", async () => {
    const { io } = await startServer();
    const misspelt = { verify, authorise: () => false };
    expect(() => authenticate(io, misspelt)).toThrow('"authorise" is not an option');
    expect(() => authenticate(io.of("/chat"), { verify, except: ["/public"] })).toThrow(
      '"except" can be used with a Server only',
    );
  });

  it.each([[{}], [undefined], ["/chat"]])("section 5: %j is no namespace", (target) => {
    expect(() => authenticate(target as never, { verify })).toThrow("takes a Socket.IO Server or Namespace");
  });

  it("V7 authenticate() twice on a namespace or a Server says which", async () => {
    const { io } = await startServer();
    authenticate(io.of("/chat"), { verify });
    expect(() => authenticate(io.of("/chat"), { verify })).toThrow(
      'already called for the namespace "/chat"',
    );
    authenticate(io, { verify });
    expect(() => authenticate(io, { verify })).toThrow("already called for this Server");
  });

  it("section 5: an AuthError with a code of its own invention, or no duration, is a TypeError", () => {
    expect(() => new AuthError("banned" as "unavailable")).toThrow('"code" must be');
    expect(() => new AuthError("unavailable", "x", { retryAfter: -1 })).toThrow('"retryAfter" must be');
    expect(new AuthError("unavailable", "x", { retryAfter: 0 }).data).toEqual({
      code: "unavailable",
      retryAfter: 0,
    });
  });
});

describe("whatever clients send", () => {
  /** A JSON value that is or holds tokens, or looks as if it did. */
  const payload = (valid: () => string) =>
    fc.oneof(
      fc.dictionary(fc.constantFrom("token", "pid", "offset", "__proto__", "toString", "x"), fc.jsonValue()),
      fc.record({ token: fc.oneof(fc.string(), fc.jsonValue(), fc.constant("x".repeat(20_000))) }),
      fc.record({ token: fc.constant(null).map(valid), pid: fc.string(), offset: fc.string() }),
    );

  it("T21: a thousand CONNECTs and renewals are each answered once, and nothing crashes", async () => {
    const { io, url } = await startServer({ connectionStateRecovery: {} });
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify });
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    onTestFinished(() => void process.off("unhandledRejection", unhandled));
    const steady = client(url, { token: tokens.issue() });
    await enter(steady);
    const anything = payload(() => tokens.issue());
    const manager = client(url, undefined).io;
    const codes = ["token_missing", "token_invalid", "unavailable"];

    await fc.assert(
      fc.asyncProperty(anything, fc.oneof(anything, fc.jsonValue()), async (auth, renewal) => {
        const socket = manager.socket("/", { auth });
        socket.auth = auth;
        const answers: unknown[] = [];
        const answered = new Promise<void>((resolve) => {
          socket.once("connect", () => resolve(void answers.push(undefined)));
          socket.once("connect_error", (error: Error & { data?: { code: string } }) =>
            resolve(void answers.push(error.data?.code)),
          );
        });
        socket.connect();
        await answered;
        expect([undefined, ...codes]).toContain(answers[0]);
        socket.disconnect();
        const { code, expiresIn } = await steady.emitWithAck("auth:renew", renewal);
        if (expiresIn === undefined) expect(codes).toContain(code);
        expect(answers).toHaveLength(1);
      }),
      { numRuns: 1_000 },
    );
    expect(steady.connected).toBe(true);
    expect(unhandled).not.toHaveBeenCalled();
  }, 120_000);
});
