import { Manager, type Socket } from "socket.io-client";
import type { Transport } from "../contenders/contender.ts";
import type { UsageRecord } from "../server/usage.ts";
import { inWindows } from "./in-windows.ts";

export interface StormOrder {
  url: string;
  transports: Transport[];
  /** of each connection, the one that it begins with */
  tokens: string[];
  /** and the one that it renews to; none where the server does not renew in band */
  fresh: string[];
}

/** What something costs, of all connections together. */
export interface Cost {
  /** ms by the clock */
  time: number;
  /** ms of the processor's time */
  server: number;
  client: number;
  /** on the wire, both ways */
  bytes: number;
}

export interface Storm {
  connect: Cost;
  /** an event and its acknowledgement, which is the least that a renewal can cost */
  echo: Cost;
  renew: Cost;
  reconnect: Cost;
}

/** ms in which both ends have done with what was before */
const REST = 2_000;

/** Connects many sockets, gives each a new token on the live connection, and reconnects them all. Socket.IO's own client. */
export async function storm({ url, transports, tokens, fresh }: StormOrder): Promise<Storm> {
  const sockets = tokens.map((token) =>
    new Manager(url, { transports, autoConnect: false, reconnection: false }).socket("/", {
      auth: { token },
    }),
  );
  const connect = await costOf(url, () => inWindows(sockets, arrive));
  // At once: nothing of it waits in a queue of the kernel's.
  const echo = await costOf(url, () =>
    Promise.all(sockets.map((socket) => socket.emitWithAck("echo", socket.auth))),
  );
  const renewTo = (tokens: string[]) =>
    Promise.all(tokens.map((token, index) => sockets[index]?.emitWithAck("auth:renew", { token })));
  // Once before, as for handshakes: engines warm up.
  if (fresh.length > 0) await renewTo(tokens);
  const renew = await costOf(url, () => renewTo(fresh));
  for (const socket of sockets) socket.disconnect();
  for (const [index, token] of fresh.entries()) Object.assign(sockets[index] ?? {}, { auth: { token } });
  const reconnect = await costOf(url, () => inWindows(sockets, arrive));
  return { connect, echo, renew, reconnect };
}

async function costOf(url: string, work: () => Promise<unknown>): Promise<Cost> {
  await new Promise((resolve) => setTimeout(resolve, REST));
  globalThis.gc?.();
  const usage = async () => (await (await fetch(`${url}/usage`)).json()) as UsageRecord;
  const before = await usage();
  const beforeHere = process.cpuUsage();
  const start = performance.now();
  await work();
  const time = performance.now() - start;
  const { user, system } = process.cpuUsage(beforeHere);
  const { cpu, bytes } = await usage();
  return { time, server: cpu - before.cpu, client: (user + system) / 1_000, bytes: bytes - before.bytes };
}

function arrive(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("connect_error", reject);
    socket.connect();
  });
}
