import { findContender } from "../contenders/index.ts";
import { signIn } from "./account.ts";
import { connected } from "./connected.ts";
import type { Order } from "./order.ts";

export interface EchoOrder extends Order {
  messages: number;
}

/** How many are on their way at a time. */
const WINDOW = 50;

/** Emits with ack; the process's CPU time in µs per message. */
export async function echo(order: EchoOrder, storage: Storage): Promise<number> {
  const account = await signIn(order, storage);
  const client = findContender(order.contender).open(account, order);
  await connected(client.sockets, 5_000);
  const [socket] = client.sockets;
  if (!socket) throw new Error("there is no socket");
  let left = order.messages;
  const emitOn = async () => {
    while (left-- > 0) await socket.emitWithAck("echo", "a message of some length");
  };
  globalThis.gc?.();
  const before = process.cpuUsage();
  await Promise.all(Array.from({ length: WINDOW }, emitOn));
  const { user, system } = process.cpuUsage(before);
  client.close();
  return (user + system) / order.messages;
}
