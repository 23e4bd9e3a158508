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

/** What can be done with a user's connections, on all nodes. */
export interface UserSockets {
  /**
   * Ends a user's connections: each is sent `auth:revoked` and disconnected, and none comes back by recovery. It is no ban:
   * whom `verify` and `authorize` still admit may connect anew.
   *
   * @param reason reaches the client
   * @returns when this node's are ended and the other nodes told
   */
  disconnectUser(subject: string, reason: string): Promise<void>;
  /**
   * A user's connections.
   *
   * @throws Error of the cluster adapter when another node does not answer
   */
  devices(subject: string): Promise<Device[]>;
}
