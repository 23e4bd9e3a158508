import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { demoAccounts } from "../../demo/server/people/demo-accounts.ts";
import { LONGEST_WAIT } from "../../demo/server/stores/redis-store.ts";
import type {
  AdminClientEvents,
  AdminServerEvents,
  ChatLine,
  PublicClientEvents,
  PublicServerEvents,
  SessionClientEvents,
  SessionServerEvents,
  UserView,
} from "../../demo/socket-events.ts";
import {
  Browser,
  consecutive,
  event,
  type IssuedToken,
  recordTicks,
  SECRET,
} from "../support/demo-browser.ts";
import { type DemoNode, startDemoNode } from "../support/demo-node.ts";
import { type RedisServer, startRedisServer } from "../support/redis-server.ts";
import { SwitchProxy } from "../support/switch-proxy.ts";

let redis: RedisServer;
let a: DemoNode;
let b: DemoNode;
const browsers: Browser[] = [];

const startNode = () =>
  startDemoNode({ REDIS_URL: redis.url, JWT_SECRET: SECRET, ACCESS_TOKEN_SECONDS: "120" });

beforeAll(async () => {
  redis = await startRedisServer();
  [a, b] = await Promise.all([startNode(), startNode()]);
}, 180_000);
afterEach(() => {
  for (const browser of browsers.splice(0)) browser.close();
});
afterAll(async () => {
  await Promise.all([a.kill(), b.kill()]);
  await redis.stop();
}, 120_000);

async function signedIn(username: string, url: string): Promise<{ browser: Browser; token: string }> {
  const browser = new Browser(url);
  browsers.push(browser);
  const password = demoAccounts.find((account) => account.username === username)?.password ?? "";
  const { token } = (await (await browser.login(username, password)).json()) as IssuedToken;
  return { browser, token };
}

/** An administrator's console on a node. */
async function adminOn(url: string) {
  const { browser, token } = await signedIn("admin", url);
  const socket = browser.of<AdminServerEvents, AdminClientEvents>("/admin", token);
  let users: UserView[] = [];
  let look = () => {};
  socket.on("users", (list) => {
    users = list;
    look();
  });
  const devicesOf = (username: string) => users.find((user) => user.username === username)?.devices.length;
  const connected = event(socket, "connect");
  socket.connect();
  await connected;
  return {
    socket,
    /** Resolves when the console shows so many devices of a user. */
    shows: (username: string, devices: number): Promise<void> =>
      new Promise((resolve) => {
        look = () => {
          if (devicesOf(username) === devices) resolve();
        };
        look();
      }),
  };
}

describe("two nodes are one server", { timeout: 120_000 }, () => {
  it("devices, messages and kicks cross them", async () => {
    const admin = await adminOn(a.url);
    const sockets = [];
    for (const { url } of [a, b]) {
      const { browser, token } = await signedIn("alice", url);
      sockets.push(await browser.connect(token));
    }
    await admin.shows("alice", 2);

    const notes = Promise.all(sockets.map((socket) => event(socket, "note")));
    await admin.socket.emitWithAck("message", { userId: "user-1", text: "Dinner!" });
    for (const [note] of await notes) expect(note).toMatchObject({ from: "admin", text: "Dinner!" });

    const told = Promise.all(sockets.map((socket) => event(socket, "auth:revoked")));
    const left = event(admin.socket, "left");
    await admin.socket.emitWithAck("disconnectUser", { userId: "user-1", reason: "lunch" });
    for (const [reason] of await told) expect(reason).toEqual({ reason: "lunch" });
    expect((await left)[0]).toMatchObject({ username: "alice" });
  });

  it("a chat line is said once on both, though it was sent on both", async () => {
    const [alice, bob] = [await signedIn("alice", a.url), await signedIn("bob", b.url)];
    const [here, there] = [await alice.browser.connect(alice.token), await bob.browser.connect(bob.token)];
    alice.browser.url = b.url;
    const again = await alice.browser.connect(alice.token);
    const lines: ChatLine[] = [];
    there.on("chat", (line) => lines.push(line));
    await here.emitWithAck("chat", { id: "nodes-1", text: "once" });
    await again.emitWithAck("chat", { id: "nodes-1", text: "once" });
    await new Promise<void>((resolve) => {
      there.on("chat", ({ id }) => id === "nodes-2" && resolve());
      here.emit("chat", { id: "nodes-2", text: "last" }, () => {});
    });
    expect(lines.map(({ text }) => text)).toEqual(["once", "last"]);
  });

  it("ticks go on with the next number on the other node", async () => {
    const { browser, token } = await signedIn("bob", a.url);
    const first = await browser.connect(token);
    const here = recordTicks(first);
    const { from } = await first.emitWithAck("ticks", null);
    await here.reached(from + 1);
    first.disconnect();
    browser.url = b.url;
    const second = await browser.connect(token);
    const there = recordTicks(second);
    await second.emitWithAck("ticks", here.ticks.at(-1) ?? null);
    await there.reached(from + 4);
    const all = [...here.ticks, ...there.ticks];
    expect(all).toEqual(consecutive(from, all.at(-1) ?? 0));
  });

  it("a refresh token is used once on all of them, and its second use ends sockets everywhere", async () => {
    const { browser, token } = await signedIn("alice", a.url);
    const thief = new Browser(a.url);
    thief.takeCookies(browser);
    const socket = await browser.connect(token);
    browser.url = b.url;
    expect((await browser.refresh()).status).toBe(200);
    const told = event(socket, "auth:revoked");
    thief.url = b.url;
    expect((await thief.refresh()).status).toBe(401);
    expect((await told)[0]).toEqual({ reason: "a refresh token was used twice" });
    browser.url = a.url;
    expect((await browser.refresh()).status).toBe(401);
  });

  it("of two uses at once on both, one wins", async () => {
    for (let round = 0; round < 5; round++) {
      const { browser } = await signedIn("alice", a.url);
      const copy = new Browser(b.url);
      copy.takeCookies(browser);
      const answers = await Promise.all([browser.refresh(), copy.refresh()]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
    }
  });

  it("a server session is known on both, and ended on one it ends sockets of the other", async () => {
    const { browser } = await signedIn("bob", a.url);
    await browser.post("/api/session");
    browser.url = b.url;
    const socket = browser.of<SessionServerEvents, SessionClientEvents>("/session", undefined);
    const told = event(socket, "session");
    socket.connect();
    expect((await told)[0]).toMatchObject({ username: "bob" });
    const ended = event(socket, "disconnect");
    browser.url = a.url;
    await browser.send("DELETE", "/api/session");
    expect((await ended)[0]).toBe("io server disconnect");
  });

  it("who is suspended on one is kept out by the other, until it is lifted", async () => {
    const admin = await adminOn(a.url);
    const { browser, token } = await signedIn("bob", b.url);
    await admin.socket.emitWithAck("suspend", { userId: "user-2", suspended: true });
    expect((await browser.refresh()).status).toBe(403);
    expect((await browser.refusal(token)).data).toEqual({ code: "insufficient_scope" });
    await admin.socket.emitWithAck("suspend", { userId: "user-2", suspended: false });
    await browser.connect(token);
  });

  it("guesses are counted together", async () => {
    for (let n = 0; n < 10; n++) {
      const response = await new Browser(n % 2 ? a.url : b.url).login("nobody", `guess ${n}`);
      expect(response.status).toBe(401);
    }
    for (const { url } of [a, b]) expect((await new Browser(url).login("nobody", "x")).status).toBe(429);
  });

  it("who loses one recovers on the other, with what was missed, once", async () => {
    const proxy = await SwitchProxy.start(a.url);
    onTestFinished(() => proxy.close());
    // The others were disconnected a moment ago, and the clocks of two nodes may differ: nothing of theirs is restored (V5).
    const { browser, token } = await signedIn("admin", proxy.url);
    const bob = await signedIn("bob", b.url);
    const [socket, writer] = [await browser.connect(token), await bob.browser.connect(bob.token)];
    const lines: string[] = [];
    socket.on("chat", ({ text }) => lines.push(text));
    const { id } = socket;
    await Promise.all([event(socket, "chat"), writer.emitWithAck("chat", { id: "r1", text: "before" })]);
    socket.io.reconnectionDelay(1_000);
    const dropped = event(socket, "disconnect");
    const back = event(socket, "connect");
    await browser.post("/api/faults/cut");
    await dropped;
    proxy.switchTo(b.url);
    await writer.emitWithAck("chat", { id: "r2", text: "meanwhile" });
    await back;
    expect(socket.recovered).toBe(true);
    expect(socket.id).toBe(id);
    await Promise.all([event(socket, "chat"), writer.emitWithAck("chat", { id: "r3", text: "after" })]);
    expect(lines).toEqual(["before", "meanwhile", "after"]);
  });

  it("one that is killed loses no session", async () => {
    const doomed = await startNode();
    const admin = await adminOn(a.url);
    const { browser, token } = await signedIn("alice", doomed.url);
    await browser.post("/api/session");
    await browser.connect(token);
    await admin.shows("alice", 1);
    const left = event(admin.socket, "left");

    await doomed.kill();

    browser.url = a.url;
    const socket = await browser.connect(token);
    expect((await socket.emitWithAck("whoami")).username).toBe("alice");
    expect((await browser.refresh()).status).toBe(200);
    const session = browser.of<SessionServerEvents, SessionClientEvents>("/session", undefined);
    const told = event(session, "session");
    session.connect();
    expect((await told)[0]).toMatchObject({ username: "alice", visits: 1 });
    // The dead node told nobody: its device is found missing.
    socket.disconnect();
    expect((await left)[0]).toMatchObject({ username: "alice" });
  });
});

describe("a node whose Redis is gone", { timeout: 120_000 }, () => {
  it("says so at once, signs nobody out, and lives on", async () => {
    const own = await startRedisServer();
    const node = await startDemoNode({ REDIS_URL: own.url, JWT_SECRET: SECRET, ACCESS_TOKEN_SECONDS: "120" });
    onTestFinished(() => node.kill());
    const { browser, token } = await signedIn("alice", node.url);
    const sockets = [await browser.connect(token), await browser.connect(token)];

    await own.stop();

    // What the adapter publishes and keeps at these ends fails.
    sockets[0]?.io.engine.close();
    sockets[1]?.disconnect();
    const login = await new Browser(node.url).login("alice", "wonderland");
    expect([login.status, login.headers.get("Retry-After")]).toEqual([503, "1"]);
    expect((await browser.refresh()).status).toBe(503);
    // Who brings no cookie needs nothing that is in Redis.
    const nobody = new Browser(node.url);
    onTestFinished(() => nobody.close());
    const guest = nobody.of<PublicServerEvents, PublicClientEvents>("/public", undefined);
    const connected = event(guest, "connect");
    guest.connect();
    await connected;
    // Until those commands have waited long enough, by the server's clock.
    const start = await guest.emitWithAck("time");
    await expect
      .poll(async () => (await guest.timeout(1_000).emitWithAck("time")) - start, {
        interval: 100,
        timeout: 20_000,
      })
      .toBeGreaterThan(LONGEST_WAIT + 1_000);
  });

  it("is not started with a secret of its own, nor without the Redis that it is told of", async () => {
    await expect(startDemoNode({ REDIS_URL: "redis://127.0.0.1:1", JWT_SECRET: "" })).rejects.toThrow();
    await expect(startDemoNode({ REDIS_URL: "redis://127.0.0.1:1", JWT_SECRET: SECRET })).rejects.toThrow();
  });
});
