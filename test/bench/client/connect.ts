import type { Manager } from "socket.io-client";
import { findContender } from "../contenders/index.ts";
import { signIn } from "./account.ts";
import { connected } from "./connected.ts";
import type { Order } from "./order.ts";

const PATIENCE = 20_000;

/** How long it takes from nothing to `connect`, in ms. */
export async function connect(order: Order, storage: Storage): Promise<number> {
  const account = await signIn(order, storage);
  const contender = findContender(order.contender);
  const start = performance.now();
  const client = contender.open(account, order);
  const isConnected = await connected(client.sockets, PATIENCE);
  const time = performance.now() - start;
  const engines = client.sockets.map(({ io }) => io.engine);
  client.close();
  // Requests of the closing client must not count for the next contender: an engine finishes its upgrade before it closes.
  await Promise.all(engines.map(closed));
  if (!isConnected) throw new Error(`${order.contender} did not connect within ${PATIENCE} ms`);
  return time;
}

function closed(engine: Manager["engine"]): Promise<unknown> {
  if (engine.readyState === "closed") return Promise.resolve();
  return new Promise((resolve) => engine.once("close", resolve));
}
