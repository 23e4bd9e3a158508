import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import * as newest from "socket.io";
import * as oldest from "socket.io-oldest";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { authenticate } from "../../src/server/index.ts";
import {
  client,
  drop,
  enter,
  leaveSession,
  next,
  refusal,
  serverSide,
  startServer,
  Tokens,
  whenLookedUp,
} from "../support/guarded-server.ts";

/** A server of some version of Socket.IO. */
async function start(Server: typeof newest.Server, options: Partial<newest.ServerOptions> = {}) {
  const http = createServer();
  const io = new Server(http, { serveClient: false, connectionStateRecovery: {}, ...options });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  onTestFinished(async () => {
    await io.close();
    http.closeAllConnections();
  });
  return { io, url: `http://127.0.0.1:${(http.address() as AddressInfo).port}` };
}

describe.each([
  ["the newest", newest.Server],
  // Its types are those of another package, which TypeScript does not take for the same.
  ["the oldest", oldest.Server as unknown as typeof newest.Server],
])("with %s socket.io that the package admits", (_name, Server) => {
  it("V9 the guard stands before a middleware that was there before, in every namespace", async () => {
    const { io, url } = await start(Server);
    const tokens = new Tokens();
    const seen: unknown[] = [];
    for (const namespace of [io, io.of("/chat"), io.of(/^\/room-\d+$/)]) {
      namespace.use((socket, next) => {
        seen.push(socket.data.auth?.subject);
        next();
      });
    }
    const warnings = vi.spyOn(process, "emitWarning");
    authenticate(io, { verify: tokens.verify, except: [] });
    for (const name of ["/", "/chat", "/room-1"]) {
      expect((await refusal(client(`${url}${name}`, { token: "garbage" }))).data).toEqual({
        code: "token_invalid",
      });
      await enter(client(`${url}${name}`, { token: tokens.issue() }));
    }
    expect(seen).toEqual(["alice", "alice", "alice"]);
    expect(warnings).not.toHaveBeenCalled();
  });

  it("V5 a session comes back to its user's fresh token, and to no bad one", async () => {
    const { io, url } = await start(Server);
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify });
    const payload: { token: unknown } = { token: tokens.issue() };
    const socket = client(url, (answer: (payload: object) => void) => answer({ ...payload }));
    const received: unknown[] = [];
    socket.on("message", (text) => received.push(text));
    await enter(socket);
    await drop(io, socket);
    io.emit("message", 1);
    payload.token = "garbage";
    expect((await refusal(socket)).data).toEqual({ code: "token_invalid" });
    expect(received).toEqual([]);
    payload.token = tokens.issue({ role: "admin" });
    await enter(socket);
    expect(socket.recovered).toBe(true);
    expect(received).toEqual([1]);
    expect(serverSide(io, socket).data.auth.claims).toEqual({ role: "admin" });
  });

  it("V9 V5 whoever is having a session looked up as the Server is guarded does not connect, and leaves nothing", async () => {
    const { io, url } = await start(Server);
    whenLookedUp(io, () => authenticate(io, { verify: new Tokens().verify }));
    const connected = vi.fn();
    io.on("connection", connected);
    const socket = client(url, {});
    await leaveSession(io, socket);
    const cut = next(socket, "disconnect");
    socket.connect();
    await cut;
    expect(connected).toHaveBeenCalledTimes(1);
    expect([...io.of("/").adapter.rooms.keys()]).toEqual([]);
    expect((await refusal(socket)).data).toEqual({ code: "token_missing" });
  });
});

/** As if it kept its middlewares elsewhere: who looks for them first is the guard. */
function hideMiddlewares(io: newest.Server): void {
  const middlewares: unknown[] = [];
  let looks = 0;
  Object.defineProperty(io.of("/"), "_fns", { get: () => (looks++ === 0 ? undefined : middlewares) });
}

describe("with a socket.io that lacks what is private of today's", () => {
  it("V5 it is told once, the guard is a middleware among others, and nobody is recovered", async () => {
    vi.resetModules();
    const { authenticate } = await import("../../src/server/index.ts");
    const { io, url } = await startServer({ connectionStateRecovery: {} });
    const tokens = new Tokens();
    const warnings = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    hideMiddlewares(io);
    authenticate(io, { verify: tokens.verify });
    expect((await refusal(client(url, { token: "garbage" }))).data).toEqual({ code: "token_invalid" });
    const socket = client(url, { token: tokens.issue() });
    await enter(socket);
    expect(serverSide(io, socket).data.auth.subject).toBe("alice");
    expect(warnings).toHaveBeenCalledTimes(1);
    expect(String(warnings.mock.calls[0]?.[0])).toContain("does not know this version of socket.io");
    await drop(io, socket);
    await enter(socket);
    expect(socket.recovered).toBe(false);
  });

  it("V9 whoever is recovered as the rules come is sent away to come back, and the app hears of both", async () => {
    const { io, url } = await startServer({ connectionStateRecovery: {} });
    vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    whenLookedUp(io, () => {
      hideMiddlewares(io);
      authenticate(io, { verify: new Tokens().verify });
    });
    const seen: string[] = [];
    io.on("connection", (socket) => {
      seen.push("connection");
      socket.on("disconnect", () => seen.push("disconnect"));
    });
    const socket = client(url, {});
    await leaveSession(io, socket);
    const cut = next(socket, "disconnect");
    socket.connect();
    expect((await cut)[0]).toBe("transport close");
    expect(seen).toEqual(["connection", "disconnect", "connection", "disconnect"]);
    expect((await refusal(socket)).data).toEqual({ code: "token_missing" });
  });

  it("S1 a renewal is taken by what is public, and an onAny that logs it prints no token", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify, guests: true });
    io.use((socket, next) => {
      // As if it had another name: who looks for it first is the guard.
      const { _onpacket } = socket as unknown as { _onpacket: unknown };
      let looks = 0;
      Object.defineProperty(socket, "_onpacket", { get: () => (looks++ === 0 ? undefined : _onpacket) });
      next();
    });
    const log: string[] = [];
    const handled = vi.fn();
    io.on("connection", (socket) => {
      socket.onAny((...event) => log.push(JSON.stringify(event)));
      socket.on("auth:renew", handled);
    });
    const socket = client(url, { token: tokens.issue() });
    await enter(socket);
    const token = tokens.issue({ lifetime: 7_200_000 });
    expect((await socket.emitWithAck("auth:renew", { token })).expiresIn).toBeGreaterThan(7_000_000);
    const guest = client(url, {});
    guest.connect();
    expect((await guest.emitWithAck("auth:renew", { token })).code).toBe("token_invalid");
    expect(log).toHaveLength(2);
    expect(log.join()).not.toContain("secret-");
    expect(handled).not.toHaveBeenCalled();
  });
});
