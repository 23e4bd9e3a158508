import { findContender } from "../contenders/index.ts";
import { Absence } from "./absence.ts";
import { signIn } from "./account.ts";
import { connected } from "./connected.ts";
import type { Order } from "./order.ts";
import { pause } from "./pause.ts";

export interface ExpireOrder extends Order {
  /** ms from now; everybody should be connected again by then */
  until: number;
  /** ms more for sockets that are not connected at that moment */
  patience: number;
}

export interface Aftermath {
  /** whether the user's token is gone from the store */
  signedOut: boolean;
  /** sockets that are not connected */
  missing: number;
  disconnects: number;
}

/** Connects, and stays until the token has expired. */
export async function expire(order: ExpireOrder, storage: Storage): Promise<Aftermath> {
  const end = performance.now() + order.until;
  const account = await signIn(order, storage);
  const client = findContender(order.contender).open(account, order);
  await connected(client.sockets, order.until);
  const absences = client.sockets.map((socket) => new Absence(socket));
  await pause(end - performance.now());
  await connected(client.sockets, order.patience);
  const aftermath = {
    signedOut: storage.getItem(account.key) === null,
    missing: client.sockets.filter((socket) => !socket.connected).length,
    disconnects: absences.reduce((sum, { disconnects }) => sum + disconnects, 0),
  };
  client.close();
  return aftermath;
}
