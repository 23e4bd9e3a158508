import { findContender } from "../contenders/index.ts";
import { signIn } from "./account.ts";
import { connected } from "./connected.ts";
import type { Order } from "./order.ts";

export interface RequestOrder extends Order {
  path: string;
  /** how many requests are sent at the same moment */
  times: number;
}

/** The status of each request in the end. */
export async function request({ path, times, ...order }: RequestOrder, storage: Storage): Promise<number[]> {
  const account = await signIn(order, storage);
  const client = findContender(order.contender).open(account, order);
  await connected(client.sockets, 5_000);
  const { request = () => Promise.resolve(0) } = client;
  const statuses = await Promise.all(Array.from({ length: times }, () => request(path)));
  client.close();
  return statuses;
}
