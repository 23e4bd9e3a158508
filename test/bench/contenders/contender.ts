import type { Socket } from "socket.io-client";
import type { TabSdk } from "../../support/tab-sdk.ts";

/** A signed-in user, as a page knows them. */
export interface Account {
  /** where the Socket.IO server is */
  url: string;
  /** POST, by cookie; answers JSON with `token`, which is also called `accessToken` */
  refreshUrl: string;
  storage: Storage;
  /** the key of the access token in `storage`; there is none once the user is signed out */
  key: string;
}

export type Transport = "polling" | "websocket";

export interface Wish {
  /** on one connection, if the contender can share it */
  namespaces: readonly string[];
  transports: Transport[];
  /** ms before expiry at which a contender that renews early does so; default: its own */
  leeway?: number;
}

export interface Client {
  /** one for each namespace, in their order */
  sockets: Socket[];
  /** Calls the server's HTTP API as the user, where the contender does that. Answers the status. */
  request?(path: string): Promise<number>;
  close(): void;
}

/** What a user would write or install, so that sockets stay authenticated. */
export interface Contender {
  /** as the table's column is headed */
  name: ContenderName;
  open(account: Account, wish: Wish): Client;
}

export interface SdkClient {
  socket: Socket;
  /** Whether the user has been signed out since the beginning, where the contender knows. */
  hasSignedOut?(): boolean;
  close(): void;
}

/** The same, by a user whose tokens an identity SDK keeps and renews. */
export interface SdkContender {
  name: ContenderName;
  open(url: string, sdk: TabSdk): SdkClient;
}

export const CONTENDER_NAMES = [
  "raw",
  "tutorial",
  "callback",
  "realtimehttpauthclient",
  "AuthSocket auto",
  "AuthSocket reconnect",
] as const;

export type ContenderName = (typeof CONTENDER_NAMES)[number];

export function disconnect(sockets: Socket[]): void {
  for (const socket of sockets) socket.disconnect();
}
