import { once } from "node:events";
import type { AddressInfo } from "node:net";
import express from "express";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { ServerSessions, type Visitor } from "../../demo/server/sessions/server-sessions.ts";
import { MemoryStore } from "../../demo/server/stores/memory-store.ts";
import type { SessionClientEvents, SessionServerEvents } from "../../demo/socket-events.ts";
import { deferred } from "../support/deferred.ts";
import { type Browser, event, holdNextConnect, useDemoServer } from "../support/demo-browser.ts";
import { useSkippableTime } from "../support/skippable-time.ts";

const { server, newBrowser, signedIn, serve } = useDemoServer();

/** ms: longer than a busy machine needs, shorter than an engine's heartbeat, so that skipping it drops nobody. */
const LIFETIME = 20_000;

const open = (browser: Browser) =>
  browser.of<SessionServerEvents, SessionClientEvents>("/session", undefined);

async function withSession(username = "alice", from = server()) {
  const { browser } = await signedIn(username, from);
  expect((await browser.post("/api/session")).status).toBe(204);
  return browser;
}

async function enter(browser: Browser) {
  const socket = open(browser);
  const told = event(socket, "session");
  socket.connect();
  const [session] = (await told) as Parameters<SessionServerEvents["session"]>;
  return { socket, session };
}

async function refusal(browser: Browser): Promise<unknown> {
  const socket = open(browser);
  const refused = event(socket, "connect_error");
  socket.connect();
  const [error] = await refused;
  return (error as { data?: { code?: string } }).data?.code;
}

describe("the server session", () => {
  it("is refused to who is not signed in, and then /session is too, as token_missing", async () => {
    const browser = newBrowser();
    expect((await browser.post("/api/session")).status).toBe(401);
    expect(browser.cookie("/")).toBe("");
    expect(await refusal(browser)).toBe("token_missing");
  });

  it("is a short-lived cookie no script can read, and Socket.IO knows who it is", async () => {
    const { browser } = await signedIn("bob");
    const response = await browser.post("/api/session");
    const [cookie = "", ...others] = response.headers.getSetCookie();
    expect(others).toEqual([]);
    expect(cookie).toMatch(/^authsocket_session=/);
    for (const attribute of ["HttpOnly", "SameSite=Strict", "Path=/"])
      expect(cookie.split("; ")).toContain(attribute);
    const before = Date.now();
    const { socket, session } = await enter(browser);
    expect(session).toEqual({ username: "bob", startedAt: expect.any(Number), visits: 1 });
    expect(Math.abs(session.startedAt - before)).toBeLessThan(10_000);
    expect(await socket.emitWithAck("whoami")).toEqual({
      id: "user-2",
      username: "bob",
      email: "bob@example.com",
      role: "user",
    });
    expect((await enter(browser)).session).toEqual({ ...session, visits: 2 });
  });

  it("renewed, stays the same session with a new end, and its sockets stay", async () => {
    const skip = useSkippableTime();
    const own = await serve({ sessionLifetime: LIFETIME });
    const browser = await withSession("alice", own);
    const cookie = browser.cookie("/");
    const { socket } = await enter(browser);
    const ended = event(socket, "disconnect");
    await skip(LIFETIME / 2);
    expect((await browser.post("/api/session")).status).toBe(204);
    expect(browser.cookie("/")).toBe(cookie);
    await skip(LIFETIME / 2 + 1);
    expect((await socket.emitWithAck("whoami")).username).toBe("alice");
    await skip(LIFETIME / 2);
    expect((await ended)[0]).toBe("io server disconnect");
  });

  it("has a new id for a new sign-in: none can be planted before it", async () => {
    const browser = await withSession();
    const before = browser.cookie("/");
    const { socket } = await enter(browser);
    const ended = event(socket, "disconnect");
    await browser.login("bob", "builder");
    await ended;
    await browser.post("/api/session");
    const ids = [before, browser.cookie("/")].map((cookie) => /authsocket_session=([^;]*)/.exec(cookie)?.[1]);
    expect(ids[0]).not.toBe(ids[1]);
    expect((await enter(browser)).session.username).toBe("bob");
  });

  it("ends with its time: sockets are cut, and a new one is refused as token_expired until it is renewed", async () => {
    const skip = useSkippableTime();
    const own = await serve({ sessionLifetime: LIFETIME });
    const browser = await withSession("alice", own);
    const { socket } = await enter(browser);
    const ended = event(socket, "disconnect");
    await skip(LIFETIME);
    expect((await ended)[0]).toBe("io server disconnect");
    expect(await refusal(browser)).toBe("token_expired");
    expect((await browser.post("/api/session")).status).toBe(204);
    await enter(browser);
  });

  it("handles no packet after its time, however late the timer is", async () => {
    const own = await serve({ sessionLifetime: LIFETIME });
    const { socket } = await enter(await withSession("alice", own));
    const ended = event(socket, "disconnect");
    const { now } = Date;
    vi.spyOn(Date, "now").mockImplementation(() => now.call(Date) + LIFETIME);
    const answered = vi.fn();
    socket.emit("whoami", answered);
    await ended;
    vi.mocked(Date.now).mockRestore();
    expect(answered).not.toHaveBeenCalled();
  });

  it("ended while a request renews it stays ended, and a new one begins", async () => {
    const sessions = new ServerSessions(new MemoryStore(), {
      secure: false,
      secret: "of this test",
      lifetime: LIFETIME,
    });
    const app = express().use(sessions.middleware);
    const visitor = { profile: {}, familyId: "1", startedAt: 0, renewedAt: 0, visits: 0 } as Visitor;
    const renewing = deferred<void>();
    const ended = deferred<void>();
    app.post("/start", (request, response) => {
      request.session.regenerate(() => {
        request.session.visitor = visitor;
        response.end(request.sessionID);
      });
    });
    app.post("/renew", async (request, response) => {
      renewing.resolve();
      await ended.promise;
      request.session.visitor = { ...visitor, renewedAt: 1 };
      response.end();
    });
    app.delete("/", (request, response) => void request.session.destroy(() => response.end()));
    const http = app.listen(0);
    onTestFinished(() => void http.close());
    await once(http, "listening");
    const { port } = http.address() as AddressInfo;
    let Cookie = "";
    const send = (method: string, path: string) =>
      fetch(`http://127.0.0.1:${port}${path}`, { method, headers: { Cookie } });
    const start = async () => {
      const response = await send("POST", "/start");
      Cookie = response.headers.getSetCookie()[0]?.split(";")[0] ?? "";
      return response.text();
    };
    const id = await start();
    expect(await sessions.find(id)).toBeDefined();
    const renewed = send("POST", "/renew");
    await renewing.promise;
    await send("DELETE", "/");
    ended.resolve();
    await renewed;
    expect(await sessions.find(id)).toBeUndefined();
    expect(await sessions.find(await start())).toBeDefined();
  });

  it("ended by DELETE takes its sockets along, and no others", async () => {
    const [browser, other] = [await withSession(), await withSession()];
    const [{ socket }, { socket: bystander }] = [await enter(browser), await enter(other)];
    const cookie = browser.cookie("/");
    const ended = event(socket, "disconnect");
    expect((await browser.send("DELETE", "/api/session")).status).toBe(204);
    expect((await ended)[0]).toBe("io server disconnect");
    await bystander.emitWithAck("whoami");
    browser.useCookies(cookie);
    expect(await refusal(browser)).toBe("token_expired");
  });

  it.each(["/api/logout", "/api/logout-everywhere"])("ends with the sign-in, by %s", async (path) => {
    const browser = await withSession();
    const { socket } = await enter(browser);
    const cookie = browser.cookie("/");
    const ended = event(socket, "disconnect");
    await browser.post(path);
    await ended;
    browser.useCookies(cookie);
    expect(await refusal(browser)).toBe("token_expired");
    expect((await browser.post("/api/session")).status).toBe(401);
  });

  it("does not come back by a recovery once it has ended", async () => {
    const browser = await withSession();
    const { socket } = await enter(browser);
    socket.io.reconnection(false);
    const dropped = event(socket, "disconnect");
    for (const { conn } of server().io.of("/session").sockets.values()) conn.close();
    await dropped;
    const cookie = browser.cookie("/");
    await browser.send("DELETE", "/api/session");
    browser.useCookies(cookie);
    const refused = event(socket, "connect_error");
    // With what it would recover by.
    socket.connect();
    const [error] = await refused;
    expect((error as { data?: unknown }).data).toEqual({ code: "token_expired" });
  });

  it.each<[string, (browser: Browser) => Promise<unknown>]>([
    ["DELETE", (browser) => browser.send("DELETE", "/api/session")],
    ["a sign-out", (browser) => browser.post("/api/logout")],
    ["a sign-out everywhere", (browser) => browser.post("/api/logout-everywhere")],
  ])("ended by %s while a socket connects, leaves no socket behind", async (_, end) => {
    const own = await serve({ sessionLifetime: 3_600_000 });
    const browser = await withSession("alice", own);
    const held = holdNextConnect(own.io.of("/session"));
    const socket = open(browser);
    const ended = event(socket, "disconnect");
    socket.connect();
    const release = await held;
    await end(browser);
    release();
    expect((await ended)[0]).toBe("io server disconnect");
  });
});
