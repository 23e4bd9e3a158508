import { MapStorage } from "../../support/map-storage.ts";
import type { Client } from "../contenders/contender.ts";
import { findContender } from "../contenders/index.ts";
import { type SignIn, signIn } from "./account.ts";
import { connected } from "./connected.ts";
import type { Order } from "./order.ts";

export interface HeapOrder extends Omit<Order, "user"> {
  /** one client each */
  users: string[];
}

/** Bytes of heap per connected client. */
export async function heap(order: HeapOrder): Promise<number> {
  const { users, url, contender } = order;
  const accounts = await Promise.all(
    users.map((user) => signIn({ url, user } satisfies SignIn, new MapStorage())),
  );
  const before = await heapUsed();
  const clients: Client[] = accounts.map((account) => findContender(contender).open(account, order));
  await Promise.all(clients.map(({ sockets }) => connected(sockets, 20_000)));
  const after = await heapUsed();
  for (const { close } of clients) close();
  return (after - before) / users.length;
}

/** What finalisers hold is garbage only at the second look. */
async function heapUsed(): Promise<number> {
  for (let look = 0; look < 3; look++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    globalThis.gc?.();
  }
  return process.memoryUsage().heapUsed;
}
