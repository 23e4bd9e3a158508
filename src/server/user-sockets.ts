/** One of a user's connections, on whatever node. */
export interface Device {
  /** The socket's id. */
  id: string;
  /** The namespace's name. */
  namespace: string;
  /** As the server sees it; behind a proxy that is the proxy's. */
  address: string;
  userAgent: string | undefined;
  /** ms since the epoch, by that node's clock; a recovery counts as a new connection. */
  connectedAt: number;
  /** ms since the epoch: the latest token's. */
  expiresAt: number;
}

/** What can be done with the users of a guarded Server or namespace, on all nodes. */
export interface UserSockets {
  /**
   * Ends a user's connections: each is sent `auth:revoked` and disconnected, none comes back by recovery, and a handshake
   * that is under way ends the same way. It is no ban: whom `verify` and `authorize` still admit may connect anew.
   *
   * @param reason reaches the client
   * @returns when all nodes have answered
   * @throws Error when a node has not answered within ten seconds. This node goes on telling it, for ten minutes at least,
   * and `onEvent` hears of a `fault`. Nobody need wait for the promise: it ends no process.
   */
  disconnectUser(subject: string, reason: string): Promise<void>;
  /**
   * A user's connections.
   *
   * @throws Error when a node has not answered within ten seconds
   */
  devices(subject: string): Promise<Device[]>;
}
