import { MapStorage } from "../../support/map-storage.ts";
import type { Client } from "../contenders/contender.ts";
import { findContender } from "../contenders/index.ts";
import { type SignIn, signIn } from "./account.ts";
import { connected } from "./connected.ts";
import type { Meter } from "./meter.ts";
import type { Order } from "./order.ts";

export interface HeapOrder extends Omit<Order, "user"> {
  /** one client each */
  users: string[];
}

/** Bytes of heap per connected client. */
export async function heap(order: HeapOrder, _: Storage, meter: Meter): Promise<number> {
  const { users, url, contender } = order;
  const accounts = await Promise.all(
    users.map((user) => signIn({ url, user } satisfies SignIn, new MapStorage())),
  );
  const before = await meter.heap();
  const clients: Client[] = accounts.map((account) => findContender(contender).open(account, order));
  await Promise.all(clients.map(({ sockets }) => connected(sockets, 20_000)));
  const after = await meter.heap();
  for (const { close } of clients) close();
  return (after - before) / users.length;
}
