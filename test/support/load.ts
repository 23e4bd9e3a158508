import { AuthSocket, memoryStore } from "authsocket";
import { decodeJwt } from "jose";
import type { Namespace, Server, Socket } from "socket.io";
import { issueToken, verify } from "./auth-server.ts";
import { deferred } from "./deferred.ts";
import { disposed } from "./disposal.ts";
import { slowLineTo } from "./slow-line.ts";

/** How many renewals a load lasts for. */
export const RENEWALS = 10;

/** ms that a token lives, of which it is renewed at the half: a reconnect, drained first, takes several round trips more. */
const LIFETIMES = { auto: 1_000, reconnect: 2_400 };

/** ms between two events */
const PERIOD = 5;

/** ms for the last answers to come */
const PATIENCE = 30_000;

/** ms each way: 50 ms round trip */
const DELAY = 25;

/** Who a token of `issueToken` is for. */
export function identify(token: string): { subject: string; expiresAt: number; claims: object } {
  verify(token);
  const { sub = "", exp } = decodeJwt(token);
  return { subject: sub, expiresAt: Number(exp) * 1000, claims: {} };
}

/** The server that tutorials build: verified at the handshake, cut when the token expires. */
export function protect(namespace: Namespace): void {
  namespace.use((socket, next) => {
    try {
      identify(socket.handshake.auth.token);
      next();
    } catch {
      next(new Error("Invalid token"));
    }
  });
  namespace.on("connection", (socket) => {
    const { expiresAt } = identify(socket.handshake.auth.token);
    const timer = setTimeout(() => socket.disconnect(), expiresAt - Date.now());
    socket.on("disconnect", () => clearTimeout(timer));
    socket.emit("welcome");
  });
}

/** What was lost, came twice or was overtaken of the numbers from 0 to `end`. */
function losses(numbers: number[], end: number) {
  const seen = new Set(numbers);
  return {
    lost: end - seen.size,
    duplicated: numbers.length - seen.size,
    overtaken: numbers.filter((number, index) => number < (numbers[index - 1] ?? 0)).length,
  };
}

/** Events every five ms, both ways, with acknowledgement (promised or called back) and without, until the token has been renewed ten times. */
export async function live(
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
  const { renewal = "auto", io: more } = options;
  const { url } = await slowLineTo(options.url, DELAY);
  const lifetime = LIFETIMES[renewal];
  const root = disposed(
    new AuthSocket(url, {
      renewal,
      ...(more && { io: more }),
      store: memoryStore(),
      leeway: lifetime / 2,
      jitter: 0,
      refresh: async () => {
        refreshes++;
        return issueToken({ lifetime });
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
  // Socket.IO calls nobody back whose connection was cut: such a test is to fail, and not to wait for ever.
  const { promise: lost, resolve: giveUp } = deferred<void>();
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
    for (const { socket } of sockets) {
      const called = new Promise<void>((resolve) => socket.emit("up", sentUp, resolve));
      unanswered.push(Promise.race([called, lost]));
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
  const end = sentUp + 60;
  await new Promise<void>((resolve) => {
    const watch = setInterval(() => {
      if (sentUp < end) return;
      clearInterval(watch);
      resolve();
    }, PERIOD);
  });
  clearInterval(timer);
  await Promise.all(sockets.map((socket) => socket.whenConnected()));
  const patience = setTimeout(() => {
    rejected++;
    giveUp();
  }, PATIENCE);
  await Promise.all(unanswered);
  clearTimeout(patience);
  await Promise.all(sockets.map(({ socket }) => socket.emitWithAck("up", -1)));
  const up = namespaces.map((name) =>
    losses(
      (heard.get(name) ?? []).filter((number) => number >= 0),
      sentUp,
    ),
  );
  const received = namespaces.map((name) => losses(down.get(name) ?? [], sentDown));
  return { ids, now: sockets.map(({ socket }) => socket.id), disconnects, rejected, up, received, outgoing };
}
