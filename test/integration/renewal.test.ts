import { AuthSocket, memoryStore } from "authsocket";
import { authenticate } from "authsocket/server";
import type { Socket } from "socket.io";
import { describe, expect, it } from "vitest";
import { issueToken } from "../support/auth-server.ts";
import { disposed } from "../support/disposal.ts";
import { startServer } from "../support/guarded-server.ts";
import { identify, live } from "../support/load.ts";

const nothing = { lost: 0, duplicated: 0, overtaken: 0 };

const namespaces = ["/", "/chat", "/news"];

describe.each([[["websocket"]], [["polling", "websocket"]]])("renewal under load by %s", (transports) => {
  it("B13 in band, in three namespaces: no disconnect, the same id, nothing lost, duplicated or rejected", async () => {
    const { io, url } = await startServer();
    for (const name of namespaces) authenticate(io.of(name), { verify: async (token) => identify(token) });
    const result = await live(io, namespaces, { url, io: { transports } });
    expect(result).toMatchObject({ disconnects: 0, rejected: 0, up: namespaces.map(() => nothing) });
    expect(result.received).toEqual(namespaces.map(() => nothing));
    expect(result.now).toEqual(result.ids);
    expect(new Set(result.outgoing)).toEqual(new Set(["up"]));
  }, 30_000);
});

it("T4 disconnect() during the server's middleware leaves no ghost there, and costs a sibling nothing", async () => {
  const { io, url } = await startServer();
  let release = () => {};
  let asked = () => {};
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  io.of("/slow").use((_, next) => {
    release = () => next();
    asked();
  });
  const root = disposed(new AuthSocket(url, { store: memoryStore(), refresh: async () => issueToken() }));
  await root.whenConnected();
  const { id } = root.socket;
  const slow = root.of("/slow");
  await isAsked;
  slow.disconnect();
  const entered = new Promise<Socket>((resolve) => io.of("/slow").once("connection", resolve));
  release();
  const ghost = await entered;
  if (ghost.connected) await new Promise((resolve) => ghost.once("disconnect", resolve));
  const again = new Promise<Socket>((resolve) => io.of("/slow").once("connection", resolve));
  slow.connect();
  await new Promise<void>((resolve) => setImmediate(resolve));
  const letIn = setInterval(() => release(), 5);
  await Promise.all([slow.whenConnected(), again]);
  clearInterval(letIn);
  expect(io.of("/slow").sockets.size).toBe(1);
  expect(root.socket.id).toBe(id);
});
