import { AuthSocket, memoryStore } from "authsocket";
import { authenticate } from "authsocket/server";
import type { Server, Socket } from "socket.io";
import { describe, expect, it } from "vitest";
import { issueToken, verify } from "../support/auth-server.ts";
import { disposed } from "../support/disposal.ts";
import { startServer } from "../support/guarded-server.ts";

const LIFETIME = 1_000;
const RENEWALS = 10;
const PERIOD = 5;

function identify(token: string): { subject: string; expiresAt: number; claims: object } {
  verify(token);
  const { sub, exp } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
  return { subject: sub, expiresAt: exp * 1000, claims: {} };
}

/** The server that tutorials build: verified at the handshake, cut when the token expires. */
function protect(io: Server): void {
  io.use((socket, next) => {
    try {
      identify(socket.handshake.auth.token);
      next();
    } catch {
      next(new Error("Invalid token"));
    }
  });
  io.on("connection", (socket) => {
    const { expiresAt } = identify(socket.handshake.auth.token);
    const timer = setTimeout(() => socket.disconnect(), expiresAt - Date.now());
    socket.on("disconnect", () => clearTimeout(timer));
    socket.emit("welcome");
  });
}

/** What was lost or came twice of the numbers from the first on. */
function losses(numbers: number[], first: number, end: number) {
  const seen = new Set(numbers);
  return { lost: end - first - seen.size, duplicated: numbers.length - seen.size };
}

/** Events every five ms, both ways, with acknowledgement and without, until the token has been renewed ten times. */
async function live(
  io: Server,
  namespaces: string[],
  options: Partial<ConstructorParameters<typeof AuthSocket>[1]> & { url: string },
) {
  const heard = new Map<string, number[]>(namespaces.map((name) => [name, []]));
  for (const name of namespaces) {
    io.of(name).on("connection", (socket: Socket) => {
      socket.on("up", (number: number, acknowledge?: () => void) => {
        heard.get(name)?.push(number);
        acknowledge?.();
      });
    });
  }
  let refreshes = 0;
  const { url, renewal = "auto", io: more } = options;
  const root = disposed(
    new AuthSocket(url, {
      renewal,
      ...(more && { io: more }),
      store: memoryStore(),
      refresh: async () => {
        refreshes++;
        return issueToken({ lifetime: LIFETIME });
      },
    }),
  );
  const sockets = namespaces.map((name) => (name === "/" ? root : root.of(name)));
  await Promise.all(sockets.map((socket) => socket.whenConnected()));
  const ids = sockets.map(({ socket }) => socket.id);
  const outgoing: string[] = [];
  const down = new Map<string, number[]>(namespaces.map((name) => [name, []]));
  let disconnects = 0;
  let rejected = 0;
  let sentUp = 0;
  let sentDown = 0;
  const unanswered: Promise<void>[] = [];
  for (const [index, { socket }] of sockets.entries()) {
    socket.on("down", (number: number) => down.get(namespaces[index] ?? "")?.push(number));
    socket.on("disconnect", () => disconnects++);
    socket.onAnyOutgoing((event: string) => outgoing.push(event));
  }
  const timer = setInterval(() => {
    for (const name of namespaces) io.of(name).emit("down", sentDown);
    sentDown++;
    for (const { socket } of sockets) socket.emit("up", sentUp);
    sentUp++;
    for (const { socket } of sockets) {
      unanswered.push(socket.emitWithAck("up", sentUp).then(undefined, () => void rejected++));
    }
    sentUp++;
  }, PERIOD);
  const first = refreshes;
  await new Promise<void>((resolve) => {
    const stop = root.session.subscribe(({ status }) => {
      if (status !== "signedIn" || refreshes - first < RENEWALS) return;
      stop();
      resolve();
    });
  });
  // The renewal that ends it is carried out under load, too: as long as it takes for twenty more of each.
  const end = sentUp + 40;
  await new Promise<void>((resolve) => {
    const watch = setInterval(() => {
      if (sentUp < end) return;
      clearInterval(watch);
      resolve();
    }, PERIOD);
  });
  clearInterval(timer);
  await Promise.all(sockets.map((socket) => socket.whenConnected()));
  await Promise.all(unanswered);
  await Promise.all(sockets.map(({ socket }) => socket.emitWithAck("up", -1)));
  const up = namespaces.map((name) =>
    losses(
      (heard.get(name) ?? []).filter((number) => number >= 0),
      0,
      sentUp,
    ),
  );
  const received = namespaces.map((name) => losses(down.get(name) ?? [], 0, sentDown));
  return { ids, now: sockets.map(({ socket }) => socket.id), disconnects, rejected, up, received, outgoing };
}

const nothing = { lost: 0, duplicated: 0 };

describe.each([[["websocket"]], [["polling", "websocket"]]])("renewal under load by %s", (transports) => {
  it("B13 in band, in three namespaces: no disconnect, the same id, nothing lost, duplicated or rejected", async () => {
    const namespaces = ["/", "/chat", "/news"];
    const { io, url } = await startServer();
    for (const name of namespaces) authenticate(io.of(name), { verify: async (token) => identify(token) });
    const result = await live(io, namespaces, { url, io: { transports } });
    expect(result).toMatchObject({ disconnects: 0, rejected: 0, up: namespaces.map(() => nothing) });
    expect(result.received).toEqual(namespaces.map(() => nothing));
    expect(result.now).toEqual(result.ids);
    expect(new Set(result.outgoing)).toEqual(new Set(["up"]));
  }, 30_000);

  it("B13 by reconnecting, to a server with recovery that knows nothing of it: nothing lost, duplicated or rejected", async () => {
    const { io, url } = await startServer({ connectionStateRecovery: {} });
    protect(io);
    const result = await live(io, ["/"], { url, renewal: "reconnect", io: { transports } });
    expect(result.disconnects).toBeGreaterThanOrEqual(RENEWALS - 1);
    expect(result).toMatchObject({ rejected: 0, up: [nothing], received: [nothing] });
    expect(result.now).toEqual(result.ids);
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
  const letIn = setInterval(() => release(), PERIOD);
  await Promise.all([slow.whenConnected(), again]);
  clearInterval(letIn);
  expect(io.of("/slow").sockets.size).toBe(1);
  expect(root.socket.id).toBe(id);
});
