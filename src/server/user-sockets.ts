/** One of a user's connections, on any node. */
export interface Device {
  /** The socket's id. */
  id: string;
  /** The namespace's name. */
  namespace: string;
  /** As the server sees it. Behind a proxy this is the proxy's address. */
  address: string;
  userAgent: string | undefined;
  /** ms since the epoch, by the clock of its node. A recovery counts as a new connection. */
  connectedAt: number;
  /** ms since the epoch: when its latest token expires. */
  expiresAt: number;
}

/** What `authenticate()` returns: the users of the guarded Server or namespace, on all nodes. */
export interface UserSockets {
  /**
   * Ends a user's connections and handshakes. Each client gets `auth:revoked` and is disconnected, and cannot recover its
   * connection. This does not keep the user out: if `verify` and `authorize` still admit them, they may connect again.
   *
   * @param reason the client gets this text
   * @returns a promise that resolves when all nodes have answered. You need not await it: if it rejects, the process goes on
   * @throws TypeError at once, if an argument is not a string
   * @throws Error if a node has not answered within ten seconds. This server keeps telling it, for ten minutes at least, and
   * `onEvent` gets a `fault`
   */
  disconnectUser(subject: string, reason: string): Promise<void>;
  /**
   * Lists a user's connections.
   *
   * @throws TypeError at once, if the subject is not a string
   * @throws Error if a node has not answered within ten seconds
   */
  devices(subject: string): Promise<Device[]>;
}
