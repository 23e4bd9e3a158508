import type { Namespace } from "socket.io";
import { REVOKED_EVENT } from "../../protocol.ts";
import { userRoom } from "../user-room.ts";
import { CLOCK_SKEW, type Revocation } from "./revocations.ts";
import type { Wire } from "./wire.ts";

/**
 * How many Socket.IO servers of the cluster have not answered, because they are not nodes, such as those with another version of
 * this package, or not known yet; undefined if it is not known.
 */
export async function countUnguardedServers(wire: Wire, answered: number): Promise<number | undefined> {
  try {
    const servers = await wire.count();
    return servers === undefined ? 0 : Math.max(0, servers - 1 - answered);
  } catch {
    return undefined;
  }
}

/**
 * Ends a user's connections on Socket.IO servers that are not nodes. It uses what any Socket.IO server understands.
 *
 * @throws Error when one does not answer, or had connections of that user: ask again whether it still has
 */
export async function endOnUnguardedServers(
  namespaces: readonly Namespace[],
  { subject, reason, at }: Revocation,
): Promise<void> {
  for (const namespace of namespaces) {
    const sockets = await namespace.in(userRoom(subject)).fetchSockets();
    // The user may have connected to a node since, which has answered. The app may have put other sockets into the room.
    const ids = sockets
      .filter(({ data }) => Object(data).auth?.subject === subject)
      .filter(({ id, handshake }) => !namespace.sockets.has(id) && handshake.issued <= at + CLOCK_SKEW)
      .map(({ id }) => id);
    if (ids.length === 0) continue;
    // Volatile, so that recovery does not store it.
    namespace.in(ids).volatile.emit(REVOKED_EVENT, { reason });
    namespace.in(ids).disconnectSockets();
    throw new Error(`${ids.length} connections were still open`);
  }
}
