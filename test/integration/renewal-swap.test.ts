import { AuthSocket, type AuthSocketOptions, memoryStore } from "authsocket";
import type { Socket } from "socket.io";
import type { ManagerOptions, SocketOptions } from "socket.io-client";
import { describe, expect, it } from "vitest";
import { issueToken } from "../support/auth-server.ts";
import { disposed } from "../support/disposal.ts";
import { startServer } from "../support/guarded-server.ts";
import { live, protect, RENEWALS } from "../support/load.ts";
import { slowLineTo } from "../support/slow-line.ts";
import { VirtualServer } from "../support/virtual-server.ts";
import { VirtualTime } from "../support/virtual-time.ts";

const nothing = { lost: 0, duplicated: 0, overtaken: 0 };

const namespaces = ["/", "/chat", "/news"];

describe.each([[["websocket"]], [["polling", "websocket"]]])("renewal under load by %s", (transports) => {
  it("B13 by reconnecting, to a server with recovery that knows nothing of it: nothing lost, duplicated or rejected", async () => {
    const { io, url } = await startServer({ connectionStateRecovery: {} });
    for (const name of namespaces) protect(io.of(name));
    const result = await live(io, namespaces, { url, renewal: "reconnect", io: { transports } });
    expect(result.disconnects).toBeGreaterThanOrEqual(namespaces.length * (RENEWALS - 1));
    expect(result).toMatchObject({ rejected: 0, up: namespaces.map(() => nothing) });
    expect(result.received).toEqual(namespaces.map(() => nothing));
    expect(result.now).toEqual(result.ids);
  }, 120_000);
});

/**
 * A client that renews by reconnecting, over a line of 50 ms round trip to a server with recovery; what the server hears.
 *
 * @param answerAfter ms after which the server acknowledges
 */
async function swapping(io: Partial<ManagerOptions & SocketOptions> = {}, answerAfter = 0) {
  const server = await startServer({ connectionStateRecovery: {} });
  protect(server.io.of("/"));
  const heard: unknown[] = [];
  server.io.on("connection", (socket: Socket) => {
    socket.on("up", (number: unknown, acknowledge?: () => void) => {
      heard.push(number);
      if (acknowledge) setTimeout(acknowledge, answerAfter);
    });
  });
  const { url } = await slowLineTo(server.url, 25);
  const options: AuthSocketOptions = {
    store: memoryStore(),
    refresh: async () => issueToken(),
    renewal: "reconnect",
    io,
  };
  const auth = disposed(new AuthSocket(url, options));
  const renew = async () => {
    const connected = new Promise<void>((resolve) => auth.socket.once("connect", resolve));
    await auth.session.getToken({ forceRefresh: true });
    await connected;
  };
  return { ...server, auth, renew, heard };
}

describe("renewal by reconnecting", () => {
  it("T12 waits until the event that `retries` has sent is acknowledged: each arrives once, in order", async () => {
    const { auth, renew, heard } = await swapping({ retries: 3, ackTimeout: 4_000 }, 100);
    await auth.whenConnected();
    let sent = 0;
    const answers: Promise<unknown>[] = [];
    for (let renewal = 0; renewal < 3; renewal++) {
      auth.socket.emit("up", sent++);
      answers.push(auth.socket.emitWithAck("up", sent++));
      const renewed = renew();
      auth.socket.emit("up", sent++);
      await renewed;
    }
    await Promise.all([...answers, auth.socket.emitWithAck("up", sent++)]);
    expect(heard).toEqual(Array.from({ length: sent }, (_, number) => number));
    expect(auth.socket.recovered).toBe(true);
  });

  it("T12 an event that `retries` sends in vain holds the renewal up for a bounded time, and is not lost", async () => {
    const { auth, renew, heard, io } = await swapping({ retries: 3, ackTimeout: 60_000 });
    await auth.whenConnected();
    let answer = () => {};
    const asked = new Promise<void>((resolve) => {
      for (const socket of io.sockets.sockets.values()) {
        socket.on("never", () => resolve());
      }
    });
    io.on("connection", (socket) => socket.on("never", (acknowledge: () => void) => acknowledge()));
    auth.socket.emit("never", () => answer());
    await asked;
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const renewed = renew();
    auth.socket.emit("up", 1);
    await Promise.all([renewed, answered]);
    await auth.socket.emitWithAck("up", 2);
    expect(heard).toEqual([1, 2]);
  });

  it("T12 an event that `retries` had to send twice holds up no later renewal", async () => {
    const time = new VirtualTime();
    const server = new VirtualServer(time);
    let isSilent = true;
    server.io.on("connection", (socket) => {
      socket.on("up", (_, acknowledge: () => void) => isSilent || acknowledge());
    });
    const store = memoryStore({ accessToken: issueToken() });
    const auth = server.connect({
      session: { store, refresh: async () => issueToken() },
      socket: { io: { retries: 3 } },
    });
    await time.pass(1_000);
    auth.socket.emit("up", 1);
    await time.pass(100);
    isSilent = false;
    server.drop();
    await time.pass(10_000);
    const { length } = server.connects;
    auth.reconnect();
    await time.pass(500);
    expect(server.connects).toHaveLength(length + 1);
  });

  it("T12 volatile events stay volatile, and are sent as they were", async () => {
    // By polling, Socket.IO drops a volatile event while the answer to an earlier request is under way.
    const options = { transports: ["websocket"], retries: 3, ackTimeout: 4_000 };
    const { auth, io } = await swapping(options);
    const seen: unknown[][] = [];
    io.on("connection", (socket) => socket.onAny((...event) => seen.push(event)));
    await auth.whenConnected();
    auth.socket.volatile.emit("v", 1);
    await auth.socket.emitWithAck("up", 2);
    expect(seen[0]).toEqual(["v", 1]);
  });

  it("B18 waits for plain callbacks too: those of Socket.IO never come from a connection that has ended", async () => {
    const { auth, renew } = await swapping({}, 200);
    await auth.whenConnected();
    const called = new Promise((resolve) => auth.socket.emit("up", 1, resolve));
    await renew();
    await called;
    expect(auth.socket.recovered).toBe(true);
  });

  it("T20 is never begun in the midst of an upgrade, and ends soon after it, with every event in order", async () => {
    const { auth, heard } = await swapping();
    const { io } = auth.socket;
    const closes: unknown[] = [];
    /** The next engine that is being upgraded, which takes a while, as a slow poll does. */
    const upgrading = () =>
      new Promise<typeof io.engine>((resolve) => {
        io.once("open", () => {
          const { engine } = io;
          const transport = Object(engine.transport);
          const pause = transport.pause.bind(transport);
          transport.pause = (paused: () => void) => setTimeout(() => pause(paused), 200);
          const close = engine.close.bind(engine);
          engine.close = () => {
            // The Manager calls it once more, to clean up.
            if (engine.readyState === "open") {
              closes.push([engine.transport.name, Object(engine).upgrading]);
            }
            return close();
          };
          engine.once("upgrading", () => resolve(engine));
        });
      });
    let sent = 0;
    const send = () => auth.socket.emit("up", sent++);
    let next = upgrading();
    for (let round = 0; round < 3; round++) {
      const [engine] = await Promise.all([next, auth.whenConnected()]);
      next = upgrading();
      // What is to be written makes the renewal wait anyway.
      if (round > 0) send();
      const upgraded = new Promise((resolve) => engine.once("upgrade", resolve));
      const connected = new Promise<void>((resolve) => auth.socket.once("connect", resolve));
      await auth.session.getToken({ forceRefresh: true });
      send();
      await upgraded;
      send();
      await connected;
      send();
    }
    await auth.socket.emitWithAck("up", sent++);
    expect(closes).toEqual(Array(3).fill(["websocket", false]));
    expect(heard).toEqual(Array.from({ length: sent }, (_, number) => number));
  });

  it("what is held back when the line breaks goes out with the next connection", async () => {
    const { auth, heard, io } = await swapping({ reconnectionDelay: 1 }, 60_000);
    await auth.whenConnected();
    const [server] = io.sockets.sockets.values();
    const arrived = new Promise((resolve) => server?.once("up", resolve));
    void auth.socket.emitWithAck("up", 1).catch(() => {});
    await arrived;
    const { engine } = auth.socket.io;
    await auth.session.getToken({ forceRefresh: true });
    auth.socket.emit("up", 2);
    const connected = new Promise<void>((resolve) => auth.socket.once("connect", resolve));
    engine.once("close", () => auth.socket.emit("up", 3));
    server?.conn.close();
    await connected;
    auth.socket.emit("up", 4);
    await new Promise<void>((resolve) => {
      for (const socket of io.sockets.sockets.values()) socket.on("last", () => resolve());
      auth.socket.emit("last");
    });
    expect(heard).toEqual([1, 2, 3, 4]);
  });

  it("B19 with reconnection: false the connection is left alone until the server cuts it", async () => {
    const { auth, heard } = await swapping({ reconnection: false });
    await auth.whenConnected();
    const { id } = auth.socket;
    await auth.session.getToken({ forceRefresh: true });
    auth.socket.emit("up", 1);
    await auth.socket.emitWithAck("up", 2);
    expect(heard).toEqual([1, 2]);
    expect(auth.socket.id).toBe(id);
  });
});
