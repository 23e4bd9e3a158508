import { MapStorage } from "../../support/map-storage.ts";
import type { ContenderName } from "../contenders/contender.ts";
import { findContender } from "../contenders/index.ts";
import { quantile } from "../statistics.ts";
import { signIn } from "./account.ts";
import { connected } from "./connected.ts";
import type { Meter } from "./meter.ts";
import type { Order } from "./order.ts";

/** One of several who are compared. */
export interface Entrant {
  contender: ContenderName;
  /** one of its own */
  user: string;
}

export interface EchoOrder extends Omit<Order, "contender" | "user"> {
  entrants: Entrant[];
  /** how many turns each has, besides one to warm up, and how many messages it sends in each */
  turns: number;
  messages: number;
}

/** How many are on their way at a time. */
const WINDOW = 50;

/**
 * Emits with acknowledgement: µs of processor time per message, for each entrant. They take short turns in one process, so that a slow
 * moment of the machine affects all of them. The median of an entrant's turns counts.
 */
export async function echo(order: EchoOrder, _: Storage, meter: Meter): Promise<number[]> {
  const { entrants, url, turns, messages, ...wish } = order;
  const clients = await Promise.all(
    entrants.map(async ({ contender, user }) => {
      const client = findContender(contender).open(await signIn({ url, user }, new MapStorage()), wish);
      await connected(client.sockets, 5_000);
      return { ...client, values: [] as number[] };
    }),
  );
  for (let turn = -1; turn < turns; turn++) {
    const first = Math.max(turn, 0) % clients.length;
    for (const { sockets, values } of [...clients.slice(first), ...clients.slice(0, first)]) {
      let left = messages;
      const emitOn = async () => {
        while (left-- > 0) await sockets[0]?.emitWithAck("echo", "a message of some length");
      };
      const before = await meter.cpu();
      await Promise.all(Array.from({ length: WINDOW }, emitOn));
      const used = (await meter.cpu()) - before;
      if (turn >= 0) values.push(used / messages);
    }
  }
  for (const { close } of clients) close();
  return clients.map(({ values }) => quantile(values, 0.5));
}
