import { findContender } from "../contenders/index.ts";
import { signIn } from "./account.ts";
import { connected } from "./connected.ts";
import type { Order } from "./order.ts";

const PATIENCE = 20_000;

/** ms that an engine can take to close, because it finishes its transport upgrade first */
const FAREWELL = 200;

/** How long it takes from nothing to `connect`, in ms. */
export async function connect(order: Order, storage: Storage): Promise<number> {
  const account = await signIn(order, storage);
  const contender = findContender(order.contender);
  const start = performance.now();
  const client = contender.open(account, order);
  const isConnected = await connected(client.sockets, PATIENCE);
  const time = performance.now() - start;
  client.close();
  // Requests of the closing client must not count for the next contender.
  await new Promise((resolve) => setTimeout(resolve, FAREWELL));
  if (!isConnected) throw new Error(`${order.contender} did not connect within ${PATIENCE} ms`);
  return time;
}
