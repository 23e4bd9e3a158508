import { jwtDecode } from "jwt-decode";
import { MapStorage } from "../../support/map-storage.ts";
import { findContender } from "../contenders/index.ts";
import { signIn } from "./account.ts";
import { connected } from "./connected.ts";
import { inWindows } from "./in-windows.ts";
import type { Order } from "./order.ts";
import { pause } from "./pause.ts";

export interface CrowdOrder extends Omit<Order, "user"> {
  /** one client each, whose first tokens expire at one moment */
  users: string[];
}

export interface CrowdAftermath {
  /** ms until the tokens expired when everybody was connected; negative if they had expired already */
  early: number;
  /** clients that are connected with another token than their first */
  renewed: number;
  signedOut: number;
}

/** ms after the expiry */
const PATIENCE = 30_000;

/** ms between two checks */
const PERIOD = 1_000;

/** Many browsers, connected when all their tokens expire. */
export async function crowd({ users, url, ...wish }: CrowdOrder): Promise<CrowdAftermath> {
  const members = await inWindows(users, async (user) => {
    const storage = new MapStorage();
    const account = await signIn({ url, user }, storage);
    return { account, first: storage.getItem(account.key) ?? "" };
  });
  const { exp = 0 } = jwtDecode(members[0]?.first ?? "");
  const clients = await inWindows(members, async ({ account }) => {
    const client = findContender(wish.contender).open(account, wish);
    await connected(client.sockets, PATIENCE);
    return client;
  });
  const early = exp * 1000 - Date.now();
  // Collects garbage now, so that no collection holds them all up later.
  globalThis.gc?.();

  const tokenOf = ({ account: { storage, key } }: (typeof members)[number]) => storage.getItem(key);
  const renewed = () =>
    members.filter((member, index) => {
      const token = tokenOf(member);
      const sockets = clients[index]?.sockets ?? [];
      return token !== null && token !== member.first && sockets.every((socket) => socket.connected);
    });
  while (renewed().length < users.length && Date.now() < exp * 1000 + PATIENCE) {
    await pause(PERIOD);
  }
  const aftermath = {
    early,
    renewed: renewed().length,
    signedOut: members.filter((member) => tokenOf(member) === null).length,
  };
  for (const { close } of clients) close();
  return aftermath;
}
