import type { Socket } from "socket.io-client";
import { MapStorage } from "../../support/map-storage.ts";
import type { Account } from "../contenders/contender.ts";
import { findContender } from "../contenders/index.ts";
import { type SignIn, signIn } from "./account.ts";
import { connected } from "./connected.ts";
import { inWindows } from "./in-windows.ts";
import type { Meter } from "./meter.ts";
import type { Order } from "./order.ts";

export interface HeapOrder extends Omit<Order, "user"> {
  /** one client each */
  users: string[];
  /** whether listeners that do nothing are added for all events of the connection */
  heard?: boolean;
}

/** How many connect at a time. If a page has a dozen pending WebSockets, Chromium delays each further one by seconds. */
const WINDOW = 6;

/** What AuthSocket listens to. */
const SOCKET_EVENTS = ["connect", "connect_error", "disconnect"];
const MANAGER_EVENTS = ["open", "packet", "close", "reconnect_attempt", "reconnect_failed"] as const;

/** One function for all, so that the function itself costs nothing. */
const ignore = () => {};

/** Bytes of heap per connected client. */
export async function heap(order: HeapOrder, _: Storage, meter: Meter): Promise<number> {
  const { users, url, contender } = order;
  const accounts = await Promise.all(
    users.map((user) => signIn({ url, user } satisfies SignIn, new MapStorage())),
  );
  const before = await meter.heap();
  const open = async (account: Account) => {
    const client = findContender(contender).open(account, order);
    if (order.heard) client.sockets.forEach(hear);
    await connected(client.sockets, 20_000);
    return client;
  };
  const clients = await inWindows(accounts, open, WINDOW);
  const after = await meter.heap();
  for (const { close } of clients) close();
  return (after - before) / users.length;
}

function hear(socket: Socket): void {
  for (const event of SOCKET_EVENTS) socket.on(event, ignore);
  for (const event of MANAGER_EVENTS) socket.io.on(event, ignore);
}
