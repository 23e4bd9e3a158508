import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { decodeJwt, decodeProtectedHeader, SignJWT } from "jose";
import { Server } from "socket.io";
import { io as connectTo, type Socket } from "socket.io-client";
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import type { DemoIo } from "../../demo/server/demo-io.ts";
import { authenticateHandshake } from "../../demo/server/handshake.ts";
import { createDemoServer, type DemoServer, type DemoServerOptions } from "../../demo/server/index.ts";
import type {
  Answer,
  ChatLine,
  ClientToServerEvents,
  ServerToClientEvents,
  TicksAnswer,
} from "../../demo/socket-events.ts";

const SECRET = "a secret of the tests, long enough for HS256";
const OWN_HEADER = { "X-Requested-With": "authsocket" };

type DemoClient = Socket<ServerToClientEvents, ClientToServerEvents>;

interface IssuedToken {
  token: string;
  expiresIn: number;
}

/** A browser's cookies, its HTTP calls and its sockets. */
class Browser {
  readonly url: string;
  readonly #cookies = new Map<string, { value: string; path: string }>();
  readonly #sockets: DemoClient[] = [];
  // One object for all engines: what a reconnect sends are the cookies of that moment.
  readonly #socketHeaders: Record<string, string> = {};

  constructor(url: string) {
    this.url = url;
  }

  cookie(path: string): string {
    return [...this.#cookies]
      .filter(([, cookie]) => path.startsWith(cookie.path))
      .map(([name, { value }]) => `${name}=${value}`)
      .join("; ");
  }

  async post(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    const response = await fetch(`${this.url}${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Cookie: this.cookie(path), ...headers },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    for (const line of response.headers.getSetCookie()) this.#store(line);
    return response;
  }

  login(username: string, password: string): Promise<Response> {
    return this.post("/api/login", { username, password });
  }

  refresh(): Promise<Response> {
    return this.post("/api/refresh-token", undefined, OWN_HEADER);
  }

  async freshToken(): Promise<string> {
    const { token } = (await (await this.refresh()).json()) as IssuedToken;
    return token;
  }

  /** A socket that has not connected yet. A function is asked for the token at every handshake. */
  open(token: unknown, options: { auth?: object } = {}): DemoClient {
    const socket: DemoClient = connectTo(this.url, {
      forceNew: true,
      autoConnect: false,
      reconnectionDelay: 20,
      reconnectionDelayMax: 100,
      extraHeaders: this.#socketHeaders,
      auth:
        options.auth ??
        ((answer: (payload: object) => void) =>
          answer({ token: typeof token === "function" ? token() : token })),
    });
    this.#sockets.push(socket);
    return socket;
  }

  async connect(token: unknown): Promise<DemoClient> {
    const socket = this.open(token);
    const connected = event(socket, "connect");
    socket.connect();
    await connected;
    return socket;
  }

  /** The error with which a handshake is refused. */
  async refusal(
    token: unknown,
    options?: { auth?: object },
  ): Promise<Error & { data?: { code?: string; retryAfter?: number } }> {
    const socket = this.open(token, options);
    const refused = event(socket, "connect_error");
    socket.connect();
    const [error] = await refused;
    return error as Error;
  }

  close(): void {
    for (const socket of this.#sockets) socket.disconnect();
  }

  #store(line: string): void {
    const [pair = "", ...attributes] = line.split("; ");
    const [name = "", value = ""] = pair.split("=");
    const path = attributes.find((attribute) => attribute.startsWith("Path="))?.slice(5) ?? "/";
    if (value === "") this.#cookies.delete(name);
    else this.#cookies.set(name, { value, path });
    this.#socketHeaders.cookie = this.cookie("/socket.io/");
  }
}

/** The arguments of the next event of this name. */
function event(socket: DemoClient, name: string): Promise<unknown[]> {
  return new Promise((resolve) => {
    (socket as Socket).once(name, (...args: unknown[]) => resolve(args));
  });
}

/** Every tick that arrives, and a promise for the one that reaches a number. */
function recordTicks(socket: DemoClient): { ticks: number[]; reached: (n: number) => Promise<void> } {
  const ticks: number[] = [];
  socket.on("tick", (n) => ticks.push(n));
  return {
    ticks,
    reached: (n) =>
      new Promise((resolve) => {
        const check = (): void => {
          if ((ticks.at(-1) ?? 0) < n) return;
          socket.off("tick", check);
          resolve();
        };
        socket.on("tick", check);
        check();
      }),
  };
}

const consecutive = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

let demo: DemoServer;
const refusals: string[] = [];
const browsers: Browser[] = [];

function newBrowser(server: DemoServer = demo): Browser {
  const browser = new Browser(server.url);
  browsers.push(browser);
  return browser;
}

async function signedIn(
  username = "alice",
  server: DemoServer = demo,
): Promise<{ browser: Browser; token: string }> {
  const browser = newBrowser(server);
  const password = server.accounts.find((account) => account.username === username)?.password ?? "";
  const { token } = (await (await browser.login(username, password)).json()) as IssuedToken;
  return { browser, token };
}

/** A server of its own for one test. */
async function serve(options: DemoServerOptions): Promise<DemoServer> {
  const server = await createDemoServer({ secret: SECRET, tickInterval: 20, ...options });
  onTestFinished(() => server.close());
  return server;
}

beforeAll(async () => {
  demo = await createDemoServer({
    secret: SECRET,
    tickInterval: 20,
    onRefused: (code) => refusals.push(code),
  });
});
afterEach(() => {
  for (const browser of browsers.splice(0)) browser.close();
  refusals.length = 0;
});
afterAll(() => demo.close());

describe("signing in", () => {
  it("answers a token, its lifetime and the user, and keeps the refresh secret in a cookie no script can read", async () => {
    const response = await newBrowser().login("alice", "wonderland");
    expect(response.status).toBe(200);
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    expect(await response.json()).toEqual({
      token: expect.any(String),
      expiresIn: 15,
      user: { id: "user-1", username: "alice", email: "alice@example.com", role: "user" },
    });
    const [cookie = "", ...others] = response.headers.getSetCookie();
    expect(others).toEqual([]);
    expect(cookie).toMatch(/^authsocket_refresh=[\w-]{43}; /);
    for (const attribute of ["HttpOnly", "SameSite=Strict", "Path=/api"])
      expect(cookie.split("; ")).toContain(attribute);
  });

  it("issues an HS256 token with issuer, audience, subject, id and a lifetime, and without the refresh secret", async () => {
    const { browser, token } = await signedIn("admin");
    const claims = decodeJwt(token);
    expect(decodeProtectedHeader(token)).toEqual({ alg: "HS256", typ: "JWT" });
    expect(claims).toMatchObject({
      sub: "user-3",
      username: "admin",
      email: "admin@example.com",
      role: "admin",
    });
    expect(claims).toMatchObject({
      iss: expect.any(String),
      aud: expect.any(String),
      jti: expect.any(String),
    });
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBeCloseTo(15, 3);
    const secret = browser.cookie("/api").split("=")[1] ?? "";
    expect(JSON.stringify(claims)).not.toContain(secret);
    expect(JSON.stringify(claims)).not.toContain(createHash("sha256").update(secret).digest("hex"));
  });

  it("knows every account that it names", async () => {
    expect(demo.accounts.map(({ username }) => username)).toEqual(["alice", "bob", "admin"]);
    for (const { username, password } of demo.accounts)
      expect((await newBrowser().login(username, password)).status).toBe(200);
  });

  it("answers a wrong password and an unknown user alike", async () => {
    const answers = [];
    for (const [username, password] of [
      ["alice", "builder"],
      ["nobody", "builder"],
      ["__proto__", "x"],
    ] as const) {
      const response = await newBrowser().login(username, password);
      answers.push([response.status, response.headers.getSetCookie(), await response.json()]);
    }
    expect(answers).toEqual(Array(3).fill([401, [], { error: "Wrong username or password" }]));
  });

  it.each<[string, unknown]>([
    ["no body", undefined],
    ["an empty object", {}],
    ["null", "null"],
    ["a list", []],
    ["no password", { username: "alice" }],
    ["an empty password", { username: "alice", password: "" }],
    ["a password that is not text", { username: "alice", password: { length: 10 } }],
    ["a very long password", { username: "alice", password: "x".repeat(201) }],
    ["JSON that is cut off", '{"username":"alice","password":"wonderland'],
  ])("answers 400 to %s, without quoting it", async (_, body) => {
    const response = await newBrowser().post("/api/login", body);
    expect(response.status).toBe(400);
    const answer = await response.text();
    expect(JSON.parse(answer)).toEqual({ error: expect.any(String) });
    expect(answer).not.toContain("wonderland");
  });

  it("answers 400 to a form, which another site could send", async () => {
    const response = await newBrowser().post("/api/login", "username=alice&password=wonderland", {
      "Content-Type": "application/x-www-form-urlencoded",
    });
    expect(response.status).toBe(400);
  });

  it("answers 413 to a body over 10 kB", async () => {
    const response = await newBrowser().post("/api/login", { username: "x".repeat(11_000), password: "x" });
    expect(response.status).toBe(413);
  });

  it("ends the session that the browser had before", async () => {
    const { browser } = await signedIn("alice");
    const before = browser.cookie("/api");
    await browser.login("bob", "builder");
    const response = await newBrowser().post("/api/refresh-token", undefined, {
      ...OWN_HEADER,
      Cookie: before,
    });
    expect(response.status).toBe(401);
  });
});

describe("refreshing and signing out", () => {
  it("answers a new token of the same user for the cookie", async () => {
    const { browser, token } = await signedIn("bob");
    const response = await browser.refresh();
    expect(response.status).toBe(200);
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    const answer = (await response.json()) as IssuedToken;
    expect(answer).toEqual({ token: expect.any(String), expiresIn: 15 });
    expect(answer.token).not.toBe(token);
    expect(decodeJwt(answer.token).sub).toBe("user-2");
  });

  it("S4: answers 403 without the header that a form cannot send", async () => {
    const { browser } = await signedIn();
    expect((await browser.post("/api/refresh-token")).status).toBe(403);
    expect((await browser.refresh()).status).toBe(200);
  });

  it.each([
    ["no cookie", ""],
    ["an unknown cookie", "authsocket_refresh=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],
    ["a cookie that cannot be decoded", "authsocket_refresh=%E0%A4%A"],
  ])("answers 401 to %s", async (_, cookie) => {
    const response = await newBrowser().post("/api/refresh-token", undefined, {
      ...OWN_HEADER,
      Cookie: cookie,
    });
    expect(response.status).toBe(401);
    expect(await response.json()).toEqual({ error: expect.any(String) });
  });

  it("ends the refresh session and clears the cookie at sign-out", async () => {
    const { browser } = await signedIn();
    const cookie = browser.cookie("/api");
    const response = await browser.post("/api/logout");
    expect(response.status).toBe(204);
    expect(browser.cookie("/api")).toBe("");
    const stolen = await newBrowser().post("/api/refresh-token", undefined, {
      ...OWN_HEADER,
      Cookie: cookie,
    });
    expect(stolen.status).toBe(401);
  });

  it("signs out whoever is not signed in, and answers 404 as JSON to what is not there", async () => {
    expect((await newBrowser().post("/api/logout")).status).toBe(204);
    const response = await newBrowser().post("/api/nothing");
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ error: expect.any(String) });
  });
});

describe("the handshake", () => {
  /** A token as the server signs it, apart from what is changed. */
  function signed(
    token: string,
    changes: Record<string, unknown>,
    secret = SECRET,
    alg = "HS256",
  ): Promise<string> {
    return new SignJWT({ ...decodeJwt(token), ...changes })
      .setProtectedHeader({ alg, typ: "JWT" })
      .sign(new TextEncoder().encode(secret));
  }

  it("lets a valid token in, and keeps who it is but not the token", async () => {
    const { browser, token } = await signedIn("bob");
    const socket = await browser.connect(token);
    const [serverSide] = (await demo.io.fetchSockets()).filter(({ id }) => id === socket.id);
    expect(serverSide?.data.identity).toMatchObject({ subject: "user-2", username: "bob", role: "user" });
    expect(JSON.stringify([serverSide?.data, serverSide?.handshake])).not.toContain(token);
  });

  it.each<[string, unknown]>([
    ["undefined", undefined],
    ["null", null],
    ["empty", ""],
  ])("refuses a token that is %s as token_missing", async (_, token) => {
    const error = await newBrowser().refusal(token);
    expect(error.data).toEqual({ code: "token_missing" });
    expect(error.message).toBe("An access token is needed");
  });

  it("refuses a handshake without any auth as token_missing", async () => {
    expect((await newBrowser().refusal(undefined, { auth: {} })).data).toEqual({ code: "token_missing" });
  });

  it.each<[string, unknown]>([
    ["an object", { toString: "x" }],
    ["a number", 42],
    ["a list", ["x"]],
    ["true", true],
    ["binary", Buffer.from("x")],
    ["not a JWT", "x"],
    ["three dots", "..."],
    ["not text of this planet", "\u0000\ud800.é.☃"],
    ["50 kB long", "x".repeat(50_000)],
  ])("T21: refuses a token that is %s as token_invalid", async (_, token) => {
    expect((await newBrowser().refusal(token)).data).toEqual({ code: "token_invalid" });
    expect(refusals).toEqual(["token_invalid"]);
  });

  it("T21: outlives a token of 1 MB", async () => {
    const socket = newBrowser().open("x".repeat(1_000_000));
    const dropped = new Promise((resolve) => socket.io.once("close", resolve));
    socket.connect();
    await dropped;
    socket.disconnect();
    const { browser, token } = await signedIn();
    expect((await browser.connect(token)).connected).toBe(true);
  });

  it("refuses tokens that this server did not issue as token_invalid", async () => {
    const { token } = await signedIn();
    const [, payload = ""] = token.split(".");
    const unsigned = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${payload}.`;
    const foreign = {
      "another secret": await signed(token, {}, SECRET.toUpperCase()),
      "another algorithm": await signed(token, {}, SECRET, "HS512"),
      "another issuer": await signed(token, { iss: "somebody" }),
      "another audience": await signed(token, { aud: "something" }),
      "no subject": await signed(token, { sub: undefined }),
      "no id": await signed(token, { jti: undefined }),
      "no expiry": await signed(token, { exp: undefined }),
      "no session": await signed(token, { sid: undefined }),
      "no signature": unsigned,
      "a changed signature": `${token.slice(0, -4)}AAAA`,
    };
    const codes: Record<string, unknown> = {};
    for (const [what, forged] of Object.entries(foreign))
      codes[what] = (await newBrowser().refusal(forged)).data?.code;
    expect(codes).toEqual(Object.fromEntries(Object.keys(foreign).map((what) => [what, "token_invalid"])));
  });

  it("refuses an expired token as token_expired, to the millisecond", async () => {
    const { token } = await signedIn();
    const now = Date.now() / 1000;
    for (const exp of [now - 3600, now - 0.002]) {
      const error = await newBrowser().refusal(await signed(token, { iat: now - 7200, exp }));
      expect(error.data).toEqual({ code: "token_expired" });
      expect(error.message).toBe("The access token has expired");
    }
  });

  it("T16: refuses as unavailable when the check itself fails, instead of leaving the client waiting", async () => {
    const http = createServer();
    const io: DemoIo = new Server(http);
    onTestFinished(() => io.close());
    authenticateHandshake(io, {
      verify: () => Promise.reject(new Error("the key store does not answer: eyJ.secret")),
    });
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    const browser = new Browser(`http://127.0.0.1:${(http.address() as AddressInfo).port}`);
    const error = await browser.refusal("x");
    expect(error.data).toEqual({ code: "unavailable", retryAfter: 1000 });
    expect(error.message).not.toContain("secret");
  });
});

describe("the cut at expiry", () => {
  it("disconnects each socket when its token expires, not before", async () => {
    const server = await serve({ accessTokenLifetime: 1_200 });
    const { browser, token } = await signedIn("alice", server);
    const socket = await browser.connect(token);
    const [reason] = await event(socket, "disconnect");
    expect(reason).toBe("io server disconnect");
    const late = Date.now() - (decodeJwt(token).exp ?? 0) * 1000;
    expect(late).toBeGreaterThanOrEqual(0);
    expect(late).toBeLessThan(1_000);
    expect((await browser.refusal(token)).data).toEqual({ code: "token_expired" });
  });

  it("T19: leaves a socket alone whose token lives longer than a timer can", async () => {
    const warnings: string[] = [];
    const onWarning = (warning: Error): number => warnings.push(warning.name);
    process.on("warning", onWarning);
    onTestFinished(() => {
      process.off("warning", onWarning);
    });
    const server = await serve({ accessTokenLifetime: 30 * 24 * 60 * 60 * 1000 });
    const { browser, token } = await signedIn("alice", server);
    const socket = await browser.connect(token);
    const { reached } = recordTicks(socket);
    const { from } = await socket.emitWithAck("ticks", null);
    await reached(from + 3);
    expect(socket.connected).toBe(true);
    // Node's sign of a timer that fires at once.
    expect(warnings).not.toContain("TimeoutOverflowWarning");
  });
});

describe("ticks", () => {
  it("are numbered from 1 for each user, from the sign-in on", async () => {
    const server = await serve({});
    for (const username of ["alice", "bob"]) {
      const { browser, token } = await signedIn(username, server);
      const socket = await browser.connect(token);
      const { ticks, reached } = recordTicks(socket);
      expect(await socket.emitWithAck("ticks", 0)).toEqual({ from: 1 });
      await reached(5);
      expect(ticks.slice(0, 5)).toEqual([1, 2, 3, 4, 5]);
    }
  });

  it("start with the next one for a client that has none", async () => {
    const { browser, token } = await signedIn();
    const first = await browser.connect(token);
    const { reached } = recordTicks(first);
    await first.emitWithAck("ticks", 0);
    await reached(3);
    const second = await browser.connect(token);
    const late = recordTicks(second);
    const { from } = await second.emitWithAck("ticks", null);
    expect(from).toBeGreaterThan(3);
    await late.reached(from + 2);
    expect(late.ticks.slice(0, 3)).toEqual([from, from + 1, from + 2]);
  });

  it.each<[string, unknown]>([
    ["a number that has not been reached", 1e9],
    ["a negative number", -1],
    ["something that is not a number", { n: 1 }],
  ])("start with the next one after %s", async (_, after) => {
    const { browser, token } = await signedIn();
    const socket = await browser.connect(token);
    const { ticks, reached } = recordTicks(socket);
    const { from } = (await (socket as Socket).emitWithAck("ticks", after)) as TicksAnswer;
    await reached(from);
    expect(ticks[0]).toBe(from);
  });

  it("arrive once each across drops of every kind", async () => {
    const { browser, token } = await signedIn("bob");
    let current = token;
    const socket = browser.open(() => current);
    const { ticks, reached } = recordTicks(socket);
    socket.on("connect", () => socket.emit("ticks", ticks.at(-1) ?? null, () => {}));
    socket.on("disconnect", (reason) => {
      if (reason === "io server disconnect") socket.connect();
    });
    socket.connect();
    await event(socket, "tick");
    const first = ticks[0] ?? 0;
    for (const fault of ["cut", "kick", "cut", "kick"]) {
      const back = event(socket, "connect");
      current = await browser.freshToken();
      await browser.post(`/api/faults/${fault}`);
      await back;
      await reached((ticks.at(-1) ?? 0) + 3);
    }
    expect(ticks).toEqual(consecutive(first, first + ticks.length - 1));
  });

  it("are kept for the last 300", async () => {
    const server = await serve({ tickInterval: 1 });
    const { browser, token } = await signedIn("alice", server);
    const witness = await browser.connect(token);
    const { reached } = recordTicks(witness);
    await witness.emitWithAck("ticks", null);
    await reached(320);
    const socket = await browser.connect(token);
    const { ticks, reached: caughtUp } = recordTicks(socket);
    // Counted inside the acknowledgement: a moment later the next tick is there.
    const { from, replayed } = await new Promise<TicksAnswer & { replayed: number }>((resolve) => {
      socket.emit("ticks", 1, (answer) => resolve({ ...answer, replayed: ticks.length }));
    });
    expect(replayed).toBe(300);
    expect(from).toBeGreaterThan(2);
    await caughtUp(from + 310);
    expect(ticks.slice(0, 311)).toEqual(consecutive(from, from + 310));
  });

  it("stop when the user's last refresh session ends, and go on with the next number at the next sign-in", async () => {
    const server = await serve({});
    const alice = await signedIn("alice", server);
    const bob = await signedIn("bob", server);
    const socket = await alice.browser.connect(alice.token);
    const clock = await bob.browser.connect(bob.token);
    const ofAlice = recordTicks(socket);
    const ofBob = recordTicks(clock);
    await socket.emitWithAck("ticks", 0);
    await clock.emitWithAck("ticks", 0);
    await ofAlice.reached(3);
    await alice.browser.post("/api/logout");
    const { from } = await socket.emitWithAck("ticks", null);
    await ofBob.reached((ofBob.ticks.at(-1) ?? 0) + 5);
    expect(ofAlice.ticks.at(-1)).toBe(from - 1);
    await signedIn("alice", server);
    await ofAlice.reached(from);
    expect(ofAlice.ticks).toEqual(consecutive(1, from));
  });
});

describe("chat", () => {
  async function chatting(username: string): Promise<{ socket: DemoClient; lines: ChatLine[] }> {
    const { browser, token } = await signedIn(username);
    const socket = await browser.connect(token);
    const lines: ChatLine[] = [];
    socket.on("chat", (line) => lines.push(line));
    return { socket, lines };
  }

  it("reaches everybody, the sender included, with the sender's name", async () => {
    const [alice, bob] = [await chatting("alice"), await chatting("bob")];
    const received = event(bob.socket, "chat");
    expect(await alice.socket.emitWithAck("chat", { id: "one", text: "hello" })).toEqual({ ok: true });
    await received;
    const line = { id: "one", from: "alice", text: "hello", at: expect.any(Number) };
    expect(bob.lines).toEqual([line]);
    expect(alice.lines).toEqual([line]);
  });

  it("says a line once that is sent again, on another connection too, and still answers ok", async () => {
    const bob = await chatting("bob");
    for (const { socket } of [await chatting("alice"), await chatting("alice")])
      for (const text of ["hello", "hello again"])
        expect(await socket.emitWithAck("chat", { id: "twice", text })).toEqual({ ok: true });
    await bob.socket.emitWithAck("chat", { id: "last", text: "x" });
    expect(bob.lines.map(({ text }) => text)).toEqual(["hello", "x"]);
  });

  it("keeps the ids of two users apart", async () => {
    const [alice, bob] = [await chatting("alice"), await chatting("bob")];
    await alice.socket.emitWithAck("chat", { id: "same", text: "a" });
    await bob.socket.emitWithAck("chat", { id: "same", text: "b" });
    expect(bob.lines.map(({ from }) => from)).toEqual(["alice", "bob"]);
  });

  it("takes text of 500 characters", async () => {
    const { socket } = await chatting("alice");
    expect(await socket.emitWithAck("chat", { id: "long", text: "x".repeat(500) })).toEqual({ ok: true });
  });

  it("refuses what is not a line", async () => {
    const { socket, lines } = await chatting("alice");
    const wrong: Record<string, unknown> = {
      nothing: null,
      "text alone": "hello",
      "no id": { text: "x" },
      "an id that is not text": { id: 1, text: "x" },
      "an id that is too long": { id: "x".repeat(101), text: "x" },
      "empty text": { id: "x", text: "" },
      "text that is too long": { id: "x", text: "x".repeat(501) },
      "text that is not text": { id: "x", text: ["x"] },
    };
    for (const [what, line] of Object.entries(wrong)) {
      const answer = (await (socket as Socket).emitWithAck("chat", line)) as Answer;
      expect(answer, what).toEqual({ ok: false, error: expect.any(String) });
    }
    expect(lines).toEqual([]);
  });

  it("outlives events without an acknowledgement or with something else in its place", async () => {
    const { socket } = await chatting("alice");
    const raw = socket as Socket;
    raw.emit("chat");
    raw.emit("chat", { id: "a1", text: "x" }, "not a function");
    raw.emit("ticks");
    raw.emit("ticks", 1, { not: "a function" });
    expect(await socket.emitWithAck("chat", { id: "a2", text: "x" })).toEqual({ ok: true });
  });
});

describe("faults", () => {
  const fault = async (browser: Browser, kind: string, body?: unknown): Promise<number> =>
    (await browser.post(`/api/faults/${kind}`, body)).status;

  it("are for who is signed in, and are known by name", async () => {
    expect(await fault(newBrowser(), "cut")).toBe(401);
    const { browser } = await signedIn();
    expect(await fault(browser, "flood")).toBe(404);
    expect(await fault(browser, "constructor")).toBe(404);
  });

  it("refresh-401 ends the session at the next refresh", async () => {
    const { browser } = await signedIn();
    const cookie = browser.cookie("/api");
    expect(await fault(browser, "refresh-401")).toBe(204);
    expect((await browser.refresh()).status).toBe(401);
    expect(browser.cookie("/api")).toBe("");
    const again = await newBrowser().post("/api/refresh-token", undefined, { ...OWN_HEADER, Cookie: cookie });
    expect(again.status).toBe(401);
  });

  it("refresh-503 fails the next refresh, once, of this session only", async () => {
    const { browser } = await signedIn();
    const { browser: another } = await signedIn();
    expect(await fault(browser, "refresh-503")).toBe(204);
    expect((await another.refresh()).status).toBe(200);
    expect((await browser.post("/api/refresh-token")).status).toBe(403);
    expect((await browser.refresh()).status).toBe(503);
    expect((await browser.refresh()).status).toBe(200);
  });

  it("refresh-hang leaves the next refresh without an answer, once", async () => {
    const { browser } = await signedIn();
    expect(await fault(browser, "refresh-hang")).toBe(204);
    const hanging = fetch(`${browser.url}/api/refresh-token`, {
      method: "POST",
      headers: { ...OWN_HEADER, Cookie: browser.cookie("/api") },
      signal: AbortSignal.timeout(300),
    });
    await expect(hanging).rejects.toMatchObject({ name: "TimeoutError" });
    expect((await browser.refresh()).status).toBe(200);
  });

  it("expire-token drops this session's sockets and refuses the tokens it has, and no later one", async () => {
    const { browser, token } = await signedIn();
    const bystander = await signedIn();
    const [socket, other] = [await browser.connect(token), await bystander.browser.connect(bystander.token)];
    const ofOthers: string[] = [];
    other.on("disconnect", (reason) => ofOthers.push(reason));
    const dropped = event(socket, "disconnect");
    const refused = event(socket, "connect_error");
    expect(await fault(browser, "expire-token")).toBe(204);
    expect(await dropped).toContain("transport close");
    const [error] = (await refused) as [Error & { data: unknown }];
    expect(error.data).toEqual({ code: "token_expired" });
    await browser.connect(await browser.freshToken());
    await other.emitWithAck("ticks", null);
    expect(ofOthers).toEqual([]);
    expect((await browser.refusal(token)).data).toEqual({ code: "token_expired" });
  });

  it("cut is a network drop to all the user's sockets, and they come back by themselves", async () => {
    const { browser, token } = await signedIn("alice");
    const second = await signedIn("alice");
    const bob = await signedIn("bob");
    const sockets = [await browser.connect(token), await second.browser.connect(second.token)];
    const untouched = await bob.browser.connect(bob.token);
    const ofOthers: string[] = [];
    untouched.on("disconnect", (reason) => ofOthers.push(reason));
    const drops = Promise.all(sockets.map((socket) => event(socket, "disconnect")));
    const returns = Promise.all(sockets.map((socket) => event(socket, "connect")));
    expect(await fault(browser, "cut")).toBe(204);
    expect((await drops).map(([reason]) => reason)).toEqual(["transport close", "transport close"]);
    await returns;
    await untouched.emitWithAck("ticks", null);
    expect(ofOthers).toEqual([]);
  });

  it("kick is a disconnect by the server, and the client stays away", async () => {
    const { browser, token } = await signedIn();
    const socket = await browser.connect(token);
    const dropped = event(socket, "disconnect");
    expect(await fault(browser, "kick")).toBe(204);
    expect((await dropped)[0]).toBe("io server disconnect");
    expect(socket.active).toBe(false);
  });

  it("offline drops calls and sockets and refuses the engine's handshake for a while, in this session only", async () => {
    const { browser, token } = await signedIn();
    const bystander = await signedIn();
    const socket = await browser.connect(token);
    const dropped = event(socket, "disconnect");
    const refused = event(socket, "connect_error");
    const back = event(socket, "connect");
    const start = Date.now();
    expect(await fault(browser, "offline", { ms: 700 })).toBe(204);
    expect((await dropped)[0]).toBe("transport close");
    await expect(browser.refresh()).rejects.toThrow();
    await expect(browser.login("alice", "wonderland")).rejects.toThrow();
    const [error] = (await refused) as [Error & { data?: unknown }];
    // T14: the engine's refusal, which has no code and is retried.
    expect(error.message).toBe("xhr poll error");
    expect(socket.active).toBe(true);
    expect((await bystander.browser.refresh()).status).toBe(200);
    await bystander.browser.connect(bystander.token);
    await back;
    expect(Date.now() - start).toBeGreaterThanOrEqual(690);
    expect((await browser.refresh()).status).toBe(200);
  });

  it("offline lasts 8 s where nothing is said, 30 at most, and its cookie outlasts it", async () => {
    const { browser } = await signedIn();
    for (const ms of [0, -1, 30_001, "1000", null]) expect(await fault(browser, "offline", { ms })).toBe(400);
    const start = Date.now();
    const response = await browser.post("/api/faults/offline");
    expect(response.status).toBe(204);
    const end = Date.now();
    const [, seconds] = /Max-Age=(\d+)/.exec(response.headers.getSetCookie().join()) ?? [];
    expect(Number(seconds)).toBeGreaterThan(30);
    vi.useFakeTimers({ toFake: ["Date"], now: start + 7_999 });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    await expect(browser.refresh()).rejects.toThrow();
    vi.setSystemTime(end + 8_000);
    expect((await browser.refresh()).status).toBe(200);
  });
});

describe("what is served", () => {
  it.each([
    ["/", "text/html"],
    ["/app", "text/html"],
    ["/dashboard.css", "text/css"],
    ["/script-tag.js", "javascript"],
    ["/socket.io/socket.io.min.js", "javascript"],
  ])("%s", async (path, type) => {
    const response = await fetch(`${demo.url}${path}`);
    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Type")).toContain(type);
  });

  it.each(["/authsocket.umd.min.js", "/authsocket.umd.min.js.map", "/dashboard.js", "/spa.js"])(
    "%s, or what to do where it is not built",
    async (path) => {
      const response = await fetch(`${demo.url}${path}`);
      if (response.status === 200) expect(response.headers.get("Content-Type")).toMatch(/javascript|json/);
      else
        expect([response.status, await response.text()]).toEqual([
          404,
          expect.stringContaining("npm run build"),
        ]);
    },
  );

  it.each(["/package.json", "/demo/server/main.ts", "/dashboard/index.ts", "/..%2fpackage.json"])(
    "and not %s",
    async (path) => {
      expect((await fetch(`${demo.url}${path}`)).status).toBe(404);
    },
  );
});

describe("the server", () => {
  it.each([
    [{ secret: "short" }, '"secret" must be at least 32 bytes long'],
    [{ accessTokenLifetime: 0 }, '"accessTokenLifetime" must be a positive number of milliseconds'],
    [{ accessTokenLifetime: Number.NaN }, '"accessTokenLifetime" must be a positive number of milliseconds'],
  ])("refuses %j", async (options, message) => {
    await expect(createDemoServer(options)).rejects.toThrow(new TypeError(message));
  });

  it("closes promptly, with a hanging refresh and open sockets, and once", async () => {
    const server = await createDemoServer();
    const { browser, token } = await signedIn("alice", server);
    const socket = await browser.connect(token);
    await browser.post("/api/faults/refresh-hang");
    const requested = once(server.io.httpServer, "request");
    const hanging = expect(browser.refresh()).rejects.toThrow();
    await requested;
    const dropped = event(socket, "disconnect");
    const start = Date.now();
    await Promise.all([server.close(), server.close()]);
    expect(Date.now() - start).toBeLessThan(1_000);
    await Promise.all([hanging, dropped]);
    socket.disconnect();
    await expect(fetch(server.url)).rejects.toThrow();
  });

  it("says in plain words that its port is taken", async () => {
    const port = new URL(demo.url).port;
    const main = fileURLToPath(new URL("../../demo/server/main.ts", import.meta.url));
    const child = spawn(process.execPath, ["--import", "tsx", main], {
      env: { ...process.env, PORT: port, JWT_SECRET: SECRET },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const [errors, [code]] = await Promise.all([text(child.stderr), once(child, "close")]);
    expect(code).toBe(1);
    expect(errors).toContain(`Port ${port} is taken`);
    expect(errors).not.toContain("at ");
  }, 20_000);

  it("prints its address and the accounts, and stops at Ctrl+C", async () => {
    const main = fileURLToPath(new URL("../../demo/server/main.ts", import.meta.url));
    const child = spawn(process.execPath, ["--import", "tsx", main], {
      env: { ...process.env, PORT: "0", ACCESS_TOKEN_SECONDS: "2", JWT_SECRET: SECRET },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    for await (const chunk of child.stdout) {
      output += String(chunk);
      if (output.includes("Ctrl+C")) child.kill("SIGINT");
    }
    expect(output).toMatch(/http:\/\/127\.0\.0\.1:\d+/);
    expect(output).toContain("live for 2 s");
    for (const { username, password } of demo.accounts)
      expect(output).toMatch(new RegExp(`${username} +${password}`));
    expect(output).not.toContain(SECRET);
  }, 20_000);
});
