import { Manager, type Socket } from "socket.io-client";
import type { Transport } from "../contenders/contender.ts";

export interface StormOrder {
  url: string;
  transports: Transport[];
  /** of each connection, the one that it begins with */
  tokens: string[];
  /** and the one that it renews to; none where the server does not renew in band */
  fresh: string[];
}

/** ms, for all connections together. */
export interface Storm {
  connect: number;
  /** an event and its acknowledgement, which is the least that a renewal can cost */
  echo: number;
  renew: number;
  reconnect: number;
}

/** How many connect at a time: more would wait in the kernel's queue. */
const WINDOW = 200;

/** Connects many sockets, gives each a new token on the live connection, and reconnects them all. Socket.IO's own client. */
export async function storm({ url, transports, tokens, fresh }: StormOrder): Promise<Storm> {
  const sockets = tokens.map((token) =>
    new Manager(url, { transports, autoConnect: false, reconnection: false }).socket("/", {
      auth: { token },
    }),
  );
  const connect = await timed(() => all(sockets, arrive));
  const echo = await timed(() =>
    Promise.all(sockets.map((socket) => socket.emitWithAck("echo", socket.auth))),
  );
  const renew = await timed(() =>
    Promise.all(fresh.map((token, index) => sockets[index]?.emitWithAck("auth:renew", { token }))),
  );
  for (const socket of sockets) socket.disconnect();
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  for (const [index, token] of fresh.entries()) Object.assign(sockets[index] ?? {}, { auth: { token } });
  const reconnect = await timed(() => all(sockets, arrive));
  return { connect, echo, renew, reconnect };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function all(sockets: Socket[], work: (socket: Socket) => Promise<void>): Promise<void> {
  const rest = [...sockets];
  const one = async () => {
    for (let socket = rest.pop(); socket; socket = rest.pop()) await work(socket);
  };
  await Promise.all(Array.from({ length: WINDOW }, one));
}

function arrive(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("connect_error", reject);
    socket.connect();
  });
}
