import { TabSdk } from "../../support/tab-sdk.ts";
import type { ContenderName } from "../contenders/contender.ts";
import { refresh } from "../contenders/refresh.ts";
import { findSdkContender } from "../contenders/sdk/index.ts";
import { Absence } from "./absence.ts";
import { type SignIn, signIn } from "./account.ts";
import { connected } from "./connected.ts";
import { keepFresh } from "./keep-fresh.ts";
import { pause } from "./pause.ts";

/** ms for a socket that is not connected at the end */
const PATIENCE = 5_000;

export interface FollowOrder extends SignIn {
  contender: ContenderName;
  /** ms */
  duration: number;
}

export interface Following {
  /** how often the SDK of this tab has renewed the token of its own accord */
  own: number;
  disconnects: number;
  /** whether the user was signed out at any time */
  signedOut: boolean;
  /** whether the socket was connected at the end */
  connected: boolean;
}

/** Connects with the token of an identity SDK, which keeps and renews it. Only for a page. */
export async function follow(order: FollowOrder, storage: Storage): Promise<Following> {
  const { url, contender, duration } = order;
  const end = performance.now() + duration;
  const account = await signIn(order, storage);
  const sdk = new TabSdk({
    key: account.key,
    fetchToken: async () => (await refresh(account)) ?? null,
  });
  const own = keepFresh(sdk, account.key, duration);
  const { socket, hasSignedOut, close } = findSdkContender(contender).open(url, sdk);
  await connected([socket], duration);
  const absence = new Absence(socket);
  await pause(end - performance.now());
  const isConnected = await connected([socket], PATIENCE);
  const { disconnects } = absence;
  const signedOut = sdk.token === null || hasSignedOut?.() === true;
  close();
  return { own: await own, disconnects, signedOut, connected: isConnected };
}
