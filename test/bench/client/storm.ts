import { Manager, type Socket } from "socket.io-client";
import type { Transport } from "../contenders/contender.ts";
import type { UsageRecord } from "../server/usage.ts";
import { inWindows } from "./in-windows.ts";
import { pause } from "./pause.ts";

export interface StormOrder {
  url: string;
  /** the same server without TLS, to ask for its usage */
  plainUrl: string;
  /** the server's certificate, for TLS */
  certificate?: string | undefined;
  transports: Transport[];
  /** the first token of each connection */
  tokens: string[];
  /** the token that each connection renews to; empty if the server does not renew on the live connection */
  fresh: string[];
}

/** What something costs for all connections together. */
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
  /** bytes of the server's heap that all connections use together */
  heap: number;
  /** an event and its acknowledgement: a renewal cannot cost less */
  echo: Cost;
  renew: Cost;
  reconnect: Cost;
}

/** ms after which both ends have finished earlier work */
const REST = 2_000;

/** Connects many sockets, gives each a new token on the live connection, and reconnects them all. Socket.IO's own client. */
export async function storm(order: StormOrder): Promise<Storm> {
  const { url, plainUrl, certificate: ca, transports, tokens, fresh } = order;
  // Imported here, because a page that loads this module has no such package.
  const { Agent } = ca ? await import("node:https") : await import("node:http");
  const sockets = tokens.map((token) => {
    // As in a browser, a client's requests share a connection, and a TLS session is resumed.
    const agent = new Agent({ keepAlive: true, ca });
    // Socket.IO's type is for browsers, which have no agent.
    const options = { transports, autoConnect: false, reconnection: false, agent: agent as never };
    return new Manager(url, ca ? { ...options, ca } : options).socket("/", { auth: { token } });
  });
  const before = await ask<number>(`${plainUrl}/heap`);
  await inWindows(sockets, arrive);
  const heap = (await ask<number>(`${plainUrl}/heap`)) - before;
  const cost = (work: () => Promise<unknown>) => costOf(plainUrl, work);
  // All at once: the kernel has no queue to wait in here.
  const echo = await cost(() =>
    Promise.all(sockets.map((socket) => socket.emitWithAck("echo", socket.auth))),
  );
  const renewTo = (tokens: string[]) =>
    Promise.all(tokens.map((token, index) => sockets[index]?.emitWithAck("auth:renew", { token })));
  // Once before measuring, so that engines warm up.
  if (fresh.length > 0) await renewTo(tokens);
  const renew = await cost(() => renewTo(fresh));
  for (const socket of sockets) socket.disconnect();
  for (const [index, token] of fresh.entries()) Object.assign(sockets[index] ?? {}, { auth: { token } });
  const reconnect = await cost(() => inWindows(sockets, arrive));
  return { heap, echo, renew, reconnect };
}

async function costOf(url: string, work: () => Promise<unknown>): Promise<Cost> {
  await pause(REST);
  // At both ends: garbage of earlier work is not a cost of this work.
  globalThis.gc?.();
  await ask<number>(`${url}/heap`);
  const before = await ask<UsageRecord>(`${url}/usage`);
  const beforeHere = process.cpuUsage();
  const start = performance.now();
  await work();
  const time = performance.now() - start;
  const { user, system } = process.cpuUsage(beforeHere);
  const { cpu, bytes } = await ask<UsageRecord>(`${url}/usage`);
  return { time, server: cpu - before.cpu, client: (user + system) / 1_000, bytes: bytes - before.bytes };
}

async function ask<Figures>(url: string): Promise<Figures> {
  return (await (await fetch(url)).json()) as Figures;
}

function arrive(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("connect_error", reject);
    socket.connect();
  });
}
