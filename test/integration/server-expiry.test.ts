import { createRequire } from "node:module";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type AuthEvent, authenticate } from "../../src/server/index.ts";
import { client, enter, next, serverSide, startServer, Tokens } from "../support/guarded-server.ts";

const HOUR = 3_600_000;

/** Sets the wall clock forward, and nothing else: timers go by another clock. */
function setClockForward(ms: number): void {
  const { now } = Date;
  vi.spyOn(Date, "now").mockImplementation(() => now.call(Date) + ms);
}

/** Keeps the event loop busy. */
function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe("V2 expiry by the wall clock", () => {
  it("no packet is handled once the clock was set forward past the expiry, not even by onAny or an acknowledgement", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify });
    const handled = vi.fn();
    io.on("connection", (socket) => {
      socket.onAny(handled);
      socket.use((_, next) => {
        handled();
        next();
      });
      socket.on("order", handled);
    });
    const socket = client(url, { token: tokens.issue({ lifetime: HOUR }) });
    socket.on("question", (answer: () => void) => {
      answer();
      socket.emit("order", 1);
      socket.emit("auth:renew", { token: tokens.issue() });
      // All of it is on its way: the server reads it later.
      setClockForward(HOUR);
    });
    await enter(socket);
    const cut = next(socket, "disconnect");

    serverSide(io, socket).emit("question", handled);

    expect((await cut)[0]).toBe("io server disconnect");
    expect(handled).not.toHaveBeenCalled();
  });

  it("a silent client is cut within a second of a clock that is set forward by an hour, and hears no broadcast after", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const events: AuthEvent[] = [];
    authenticate(io, { verify: tokens.verify, onEvent: (event) => events.push(event) });
    vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
    onTestFinished(() => void vi.useRealTimers());
    const socket = client(url, { token: tokens.issue({ lifetime: HOUR - 60_000 }) });
    const later = client(url, { token: tokens.issue({ lifetime: 3 * HOUR }) });
    await Promise.all([enter(socket), enter(later)]);
    const { id } = socket;
    const cut = next(socket, "disconnect");

    vi.setSystemTime(Date.now() + HOUR);
    vi.advanceTimersByTime(1_000);
    await cut;

    expect(later.connected).toBe(true);
    expect(events.filter(({ type }) => type === "cut")).toEqual([
      { type: "cut", namespace: "/", id, subject: "alice", code: "token_expired" },
    ]);
  });

  it("after a loop that was blocked over the expiry, nothing that came meanwhile is handled, and the client is cut at once", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify });
    const handled = vi.fn();
    io.on("connection", (socket) => socket.on("order", handled));
    const socket = client(url, { token: tokens.issue({ lifetime: 600 }) });
    await enter(socket);
    const server = serverSide(io, socket);
    const cut = next(server, "disconnect");
    const broadcasts: boolean[] = [];

    // What the client sends lies in the server's queue when the loop is free again.
    for (let number = 0; number < 100; number++) socket.emit("order", number);
    await new Promise<void>((resolve) => {
      setImmediate(() => {
        block(1_000);
        setImmediate(() => {
          broadcasts.push(server.connected);
          resolve();
        });
      });
    });
    await cut;

    expect(handled.mock.calls.length).toBeLessThan(100);
    expect(broadcasts).toEqual([false]);
  });

  it("a renewal that is verified while the clock passes the old expiry comes too late", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const first = tokens.issue({ lifetime: HOUR });
    authenticate(io, {
      verify: (token) => {
        if (token !== first) setClockForward(HOUR);
        return tokens.verify(token);
      },
    });
    const socket = client(url, { token: first });
    await enter(socket);
    const cut = next(socket, "disconnect");
    socket.emit("auth:renew", { token: tokens.issue({ lifetime: 5 * HOUR }) });
    expect((await cut)[0]).toBe("io server disconnect");
  });

  it("a token that expires while the app's middlewares are at work lets nobody in", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify });
    io.use((_, next) => {
      setClockForward(HOUR);
      next();
    });
    const socket = client(url, { token: tokens.issue({ lifetime: HOUR }) });
    await expect(enter(socket)).rejects.toMatchObject({ data: { code: "token_expired" } });
  });

  it("with uWebSockets.js, whose WebSockets stay subscribed, no broadcast arrives after the end", async () => {
    // Socket.IO's own code for it, with the WebSockets of "ws" in place of those that need a binary.
    const load = createRequire(createRequire(import.meta.url).resolve("socket.io"));
    const { patchAdapter, restoreAdapter } = load("./uws.js");
    const topics = new Map<string, Set<WebSocket>>();
    const { prototype } = createRequire(load.resolve("engine.io"))("ws");
    Object.assign(prototype, {
      subscribe(this: WebSocket, topic: string) {
        topics.set(topic, (topics.get(topic) ?? new Set()).add(this));
      },
      unsubscribe(this: WebSocket, topic: string) {
        topics.get(topic)?.delete(this);
      },
    });
    patchAdapter({
      publish(topic: string, message: string) {
        for (const socket of topics.get(topic) ?? []) if (socket.readyState === 1) socket.send(message);
      },
    });
    onTestFinished(() => {
      restoreAdapter();
      delete prototype.subscribe;
      delete prototype.unsubscribe;
    });
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const auth = authenticate(io, { verify: tokens.verify, except: ["/other"] });
    io.of("/other");
    io.on("connection", (socket) => socket.join("news"));
    const socket = client(url, { token: tokens.issue() });
    await enter(socket);
    const { engine } = socket.io;
    const received: string[] = [];
    engine.on("data", (data) => received.push(String(data)));
    // It keeps the client from closing the transport.
    const other = socket.io.socket("/other");
    other.connect();
    await next(other, "connect");
    io.emit("public");
    const cut = next(socket, "disconnect");
    await auth.disconnectUser("alice", "gone");
    io.emit("secret");
    io.to("news").emit("secret");
    await cut;
    io.of("/other").emit("last");
    await next(other, "last");
    expect(received.join()).toContain("public");
    expect(received.join()).not.toContain("secret");
  });

  it("after a cut nothing of what the app goes on emitting and acknowledging is sent", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify });
    authenticate(io.of("/other"), { verify: tokens.verify });
    const socket = client(url, { token: tokens.issue({ lifetime: HOUR }) });
    const other = socket.io.socket("/other", { auth: { token: tokens.issue({ lifetime: 3 * HOUR }) } });
    await Promise.all([enter(socket), enter(other)]);
    const server = serverSide(io, socket);
    const asked = new Promise<() => void>((resolve) => server.once("ask", resolve));
    socket.emit("ask", () => {});
    const answer = await asked;
    const packets: unknown[] = [];
    socket.io.on("packet", ({ nsp, type }: { nsp: string; type: number }) => packets.push(`${nsp} ${type}`));
    const cut = next(socket, "disconnect");
    setClockForward(HOUR);
    await cut;
    packets.length = 0;

    server.emit("secret");
    answer();
    const done = next(other, "done");
    serverSide(io, other, "/other").emit("done");
    await done;

    expect(packets).toEqual(["/other 2"]);
  });
});
