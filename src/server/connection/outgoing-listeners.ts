import type { Socket } from "socket.io";
import { EXPIRING_EVENT, REVOKED_EVENT, SESSION_EVENT } from "../../protocol.ts";

/** Private to Socket.IO: calls the `onAnyOutgoing` listeners, before it sends what they are called with. */
interface Notifying {
  notifyOutgoingListeners?(packet: { data?: unknown[] }): void;
}

const PROTOCOL_EVENTS: unknown[] = [SESSION_EVENT, EXPIRING_EVENT, REVOKED_EVENT];

/**
 * Sends the events of the protocol even if an `onAnyOutgoing` listener of the app throws (V6). The public API cannot: some adapters
 * call the listeners long after the emit.
 *
 * @param failed gets what was thrown
 */
export function tolerateOutgoingListeners(socket: Socket, failed: (error: unknown) => void): void {
  const notifying: Notifying = socket as object;
  const { notifyOutgoingListeners } = notifying;
  if (!notifyOutgoingListeners) return;
  notifying.notifyOutgoingListeners = (packet) => {
    try {
      notifyOutgoingListeners.call(socket, packet);
    } catch (error) {
      if (!PROTOCOL_EVENTS.includes(packet.data?.[0])) throw error;
      failed(error);
    }
  };
}
