import type { DefaultEventsMap, Socket } from "socket.io";
import type { AuthData, Identity } from "../identity.ts";

/** A socket without the app's types of events. */
export type AuthenticatedSocket = Socket<
  DefaultEventsMap,
  DefaultEventsMap,
  DefaultEventsMap,
  Partial<AuthData>
>;

/** Puts the identity into `socket.data`, even if the app has replaced or frozen that. It never throws (V6). */
export function setSocketData(socket: AuthenticatedSocket, auth: Identity): void {
  try {
    socket.data.auth = auth;
  } catch {
    try {
      // Null, or frozen.
      socket.data = { ...socket.data, auth };
    } catch {
      // The app has made the property read-only too, and keeps what it has.
    }
  }
}
