import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import express from "express";
import { describe, expect, it, vi } from "vitest";
import { Limits } from "../../demo/server/guards/limits.ts";
import { Accounts } from "../../demo/server/people/accounts.ts";
import { signInRoutes } from "../../demo/server/sign-in/sign-in-routes.ts";
import { Connections } from "../../demo/server/sockets/connections.ts";
import { Nodes } from "../../demo/server/sockets/nodes.ts";
import { MemoryStore } from "../../demo/server/stores/memory-store.ts";
import { AccessTokens } from "../../demo/server/tokens/access-tokens.ts";
import { RefreshCookie } from "../../demo/server/tokens/refresh-cookie.ts";
import { RefreshFamilies } from "../../demo/server/tokens/refresh-families.ts";
import type {
  AdminClientEvents,
  AdminServerEvents,
  Answer,
  PublicClientEvents,
  PublicServerEvents,
  UserView,
} from "../../demo/socket-events.ts";
import { type Browser, event, useDemoServer } from "../support/demo-browser.ts";
import { plainSocket } from "../support/plain-socket.ts";

const { server, newBrowser, signedIn, serve } = useDemoServer();

const CHROME =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/147.0.0.0 Safari/537.36";

const publicSocket = (browser: Browser) =>
  browser.of<PublicServerEvents, PublicClientEvents>("/public", undefined);

const adminSocket = (browser: Browser, token: string) =>
  browser.of<AdminServerEvents, AdminClientEvents>("/admin", token);

/** What the next event of this name brings. Recovery adds an offset behind it. */
const next = async (socket: object, name: string): Promise<unknown> => (await event(socket, name))[0];

/** An administrator's console: each list as it arrives. */
async function console(from = server()) {
  const { browser, token } = await signedIn("admin", from);
  const socket = adminSocket(browser, token);
  const lists: UserView[][] = [];
  let look = () => {};
  socket.on("users", (users) => {
    lists.push(users);
    look();
  });
  const shown = (matches: (users: Record<string, UserView>) => boolean): Promise<Record<string, UserView>> =>
    new Promise((resolve) => {
      look = () => {
        const users = Object.fromEntries((lists.at(-1) ?? []).map((user) => [user.username, user]));
        if (users.alice && matches(users)) resolve(users);
      };
      look();
    });
  socket.connect();
  await shown(() => true);
  return { browser, token, socket, shown };
}

describe("/public", () => {
  it("lets guests in without a token, who may ask the time and nothing else", async () => {
    const socket = publicSocket(newBrowser());
    const connected = event(socket, "connect");
    socket.connect();
    await connected;
    expect(await socket.emitWithAck("time")).toBeGreaterThan(0);
    const raw = socket as unknown as { timeout(ms: number): { emitWithAck(name: string): Promise<unknown> } };
    await expect(raw.timeout(100).emitWithAck("whoami")).rejects.toThrow();
  });

  it("counts guests and users, and who is signed in on the same connection is no guest", async () => {
    const own = await serve({});
    const guest = publicSocket(newBrowser(own));
    const counts: unknown[] = [];
    let look = () => {};
    guest.on("visitors", (visitors) => {
      counts.push(visitors);
      look();
    });
    const counted = (expected: object) =>
      new Promise<void>((resolve) => {
        look = () => {
          if (JSON.stringify(counts.at(-1)) === JSON.stringify(expected)) resolve();
        };
        look();
      });
    guest.connect();
    await counted({ guests: 1, users: 0 });
    const { browser, token } = await signedIn("alice", own);
    const first = await browser.connect(token);
    const second = await browser.connect(token);
    plainSocket(first, "/public").connect();
    await counted({ guests: 1, users: 1 });
    first.disconnect();
    second.disconnect();
    await counted({ guests: 2, users: 0 });
  });
});

describe("/admin", () => {
  it("refuses a user as insufficient_scope, and who has no token as token_missing", async () => {
    const { browser, token } = await signedIn("bob");
    for (const [who, code] of [
      [token, "insufficient_scope"],
      [undefined, "token_missing"],
    ] as const) {
      const socket = browser.of("/admin", who);
      const refused = event(socket, "connect_error");
      socket.connect();
      expect(((await refused)[0] as { data?: unknown }).data).toEqual({ code });
    }
  });

  it("shows every user with devices in words and since when, and tells when the last one leaves", async () => {
    const own = await serve({});
    const { socket: admin, shown } = await console(own);
    const { browser, token } = await signedIn("alice", own);
    const before = Date.now();
    const first = browser.of("/", token);
    first.io.opts.extraHeaders = { "User-Agent": CHROME };
    first.connect();
    const second = await browser.connect(token);
    const { alice } = await shown(({ alice }) => alice?.devices.length === 2);
    expect(alice).toMatchObject({ id: "user-1", role: "user", suspended: false });
    expect(alice?.devices.map(({ browser }) => browser)).toContain("Chrome on Linux");
    for (const { since } of alice?.devices ?? []) expect(Math.abs(since - before)).toBeLessThan(20_000);
    const left = next(admin, "left");
    first.disconnect();
    await shown(({ alice }) => alice?.devices.length === 1);
    second.disconnect();
    expect(await left).toEqual({ id: "user-1", username: "alice", at: expect.any(Number) });
    await shown(({ alice }) => alice?.devices.length === 0);
  });

  it("sends a message to all of one user's devices, and to nobody else's", async () => {
    const { socket: admin } = await console();
    const [alice, other, bob] = [await signedIn(), await signedIn(), await signedIn("bob")];
    const sockets = [await alice.browser.connect(alice.token), await other.browser.connect(other.token)];
    const bystander = await bob.browser.connect(bob.token);
    const overheard: unknown[] = [];
    bystander.on("note", (note) => overheard.push(note));
    const notes = Promise.all(sockets.map((socket) => next(socket, "note")));
    expect(await admin.emitWithAck("message", { userId: "user-1", text: "Dinner!" })).toEqual({ ok: true });
    const note = { from: "admin", text: "Dinner!", at: expect.any(Number) };
    expect(await notes).toEqual([note, note]);
    await bystander.emitWithAck("whoami");
    expect(overheard).toEqual([]);
  });

  it("disconnects all of a user's sockets with a reason, and it is no ban", async () => {
    const { socket: admin } = await console();
    const { browser, token } = await signedIn();
    const sockets = [await browser.connect(token), await browser.connect(token)];
    const told = Promise.all(sockets.map((socket) => next(socket, "auth:revoked")));
    const ended = Promise.all(sockets.map((socket) => event(socket, "disconnect")));
    expect(await admin.emitWithAck("disconnectUser", { userId: "user-1", reason: "lunch" })).toEqual({
      ok: true,
    });
    expect(await told).toEqual([{ reason: "lunch" }, { reason: "lunch" }]);
    expect((await ended).flat()).toEqual(expect.arrayContaining(["io server disconnect"]));
    await browser.connect(token);
  });

  it("tells the reason in the tutorial's words where renewal is by cut", async () => {
    const own = await serve({ renewal: "cut" });
    const { socket: admin, shown } = await console(own);
    const { browser, token } = await signedIn("alice", own);
    const socket = await browser.connect(token);
    await shown(({ alice }) => alice?.devices.length === 1);
    const told = next(socket, "forceDisconnect");
    const ended = event(socket, "disconnect");
    await admin.emitWithAck("disconnectUser", { userId: "user-1", reason: "lunch" });
    expect(await told).toEqual({ reason: "lunch" });
    expect((await ended)[0]).toBe("io server disconnect");
  });

  it("keeps a suspended user out of everything until it is lifted", async () => {
    const { socket: admin, shown } = await console();
    const { browser, token } = await signedIn("bob");
    await browser.post("/api/session");
    const socket = await browser.connect(token);
    const session = browser.of("/session", undefined);
    const entered = event(session, "session");
    session.connect();
    await entered;
    const told = Promise.all([next(socket, "auth:revoked"), next(session, "auth:revoked")]);

    expect(await admin.emitWithAck("suspend", { userId: "user-2", suspended: true })).toEqual({ ok: true });

    expect(await told).toEqual([{ reason: "suspended" }, { reason: "suspended" }]);
    await shown(({ bob }) => bob?.suspended === true);
    expect((await browser.refusal(token)).data).toEqual({ code: "insufficient_scope" });
    for (const answer of [
      await browser.refresh(),
      await browser.post("/api/session"),
      await newBrowser().login("bob", "builder"),
    ]) {
      expect(answer.status).toBe(403);
      expect(await answer.json()).toEqual({ error: expect.any(String), code: "suspended" });
    }
    expect((await newBrowser().login("bob", "wrong")).status).toBe(401);

    expect(await admin.emitWithAck("suspend", { userId: "user-2", suspended: false })).toEqual({ ok: true });
    await shown(({ bob }) => bob?.suspended === false);
    await browser.connect(await browser.freshToken());
    expect((await newBrowser().login("bob", "builder")).status).toBe(200);
  });

  it("disconnects an administrator who is demoted, so that no user list is sent any more, and who stays out", async () => {
    const own = await serve({});
    const { socket: admin } = await console(own);
    expect(await admin.emitWithAck("setRole", { userId: "user-2", role: "admin" })).toEqual({ ok: true });
    const { browser, token } = await signedIn("bob", own);
    const bob = adminSocket(browser, token);
    const connected = event(bob, "connect");
    bob.connect();
    await connected;
    expect(await bob.emitWithAck("message", { userId: "user-1", text: "hello" })).toEqual({ ok: true });

    const told = next(bob, "auth:revoked");
    const ended = event(bob, "disconnect");
    expect(await admin.emitWithAck("setRole", { userId: "user-2", role: "user" })).toEqual({ ok: true });
    expect(await told).toEqual({ reason: "You are no longer an administrator" });
    expect((await ended)[0]).toBe("io server disconnect");

    // The token still says "admin".
    const refused = event(bob, "connect_error");
    bob.connect();
    expect(((await refused)[0] as { data?: unknown }).data).toEqual({ code: "insufficient_scope" });
    expect((await signedIn("alice", own)).token).toEqual(expect.any(String));
    expect(admin.connected).toBe(true);
  });

  it("refuses orders that are none, and suspending oneself", async () => {
    const { socket } = await console();
    const raw = socket as unknown as { emitWithAck(name: string, order: unknown): Promise<Answer> };
    const orders: [string, unknown][] = [
      ["message", undefined],
      ["message", { userId: "user-1" }],
      ["message", { userId: "user-1", text: "x".repeat(501) }],
      ["message", { userId: "nobody", text: "x" }],
      ["message", { userId: ["user-1"], text: "x" }],
      ["disconnectUser", { userId: "user-1", reason: 1 }],
      ["suspend", { userId: "user-1", suspended: "yes" }],
      ["suspend", { userId: "user-3", suspended: true }],
      ["setRole", { userId: "user-1", role: "root" }],
      ["setRole", { userId: "__proto__", role: "admin" }],
    ];
    for (const [name, order] of orders)
      expect([name, order, await raw.emitWithAck(name, order)]).toEqual([
        name,
        order,
        { ok: false, error: expect.any(String) },
      ]);
  });
});

describe("the end of a user's connections", () => {
  it("does not wait for a node that does not confirm it", async () => {
    const own = await serve({ renewal: "cut" });
    const unconfirmed = { disconnectUser: () => new Promise<void>(() => {}), devices: async () => [] };
    const connections = new Connections(own.io, new Nodes(own.io, false), {
      namespaces: ["/"],
      users: [unconfirmed],
      event: "forceDisconnect",
    });
    const { browser, token } = await signedIn("alice", own);
    const socket = await browser.connect(token);
    const told = next(socket, "forceDisconnect");
    const ended = event(socket, "disconnect");
    void connections.endUser("user-1", "suspended");
    expect(await told).toEqual({ reason: "suspended" });
    expect((await ended)[0]).toBe("io server disconnect");
  });

  it("is a sign-out everywhere too where a node has not confirmed it, and says that it has not", async () => {
    const own = await serve({});
    const complain = vi.spyOn(globalThis.console, "error").mockImplementation(() => {});
    const unconfirmed = {
      disconnectUser: () => Promise.reject(new Error("a node has not answered")),
      devices: async () => [],
    };
    const connections = new Connections(own.io, new Nodes(own.io, false), {
      namespaces: ["/"],
      users: [unconfirmed],
      event: "auth:revoked",
    });
    const store = new MemoryStore();
    const families = new RefreshFamilies(store, { key: randomBytes(32), lifetime: 60_000, grace: 0 });
    const routes = signInRoutes({
      ...{ connections, families },
      accounts: new Accounts(store, { passwordCost: 2 }),
      accessTokens: new AccessTokens({ secret: "x".repeat(32), lifetime: 60_000 }),
      refreshCookie: new RefreshCookie({ lifetime: 60_000, secure: false }),
      limits: new Limits(store),
    });
    const site = express().use(express.json(), routes).listen(0, "127.0.0.1");
    await once(site, "listening");
    const { port } = site.address() as AddressInfo;
    const { secret } = await families.start("user-1");
    const response = await fetch(`http://127.0.0.1:${port}/logout-everywhere`, {
      method: "POST",
      headers: { cookie: `authsocket_refresh=${secret}` },
    });
    site.close();
    expect(response.status).toBe(202);
    expect(response.headers.get("set-cookie")).toContain("authsocket_refresh=;");
    expect((await families.rotate(secret)).outcome).not.toBe("rotated");
    expect(complain.mock.calls.join()).toContain("a node has not answered");
  });
});
