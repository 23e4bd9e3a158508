import type { AuthSocket } from "authsocket";
import type { AuthServer } from "./auth-server.ts";
import { until, untilStatus } from "./states.ts";

/** Disconnects a socket twice as soon as it is connected: the first time costs it a fresh token, the second is a kick (B14). */
export async function kickForGood(server: AuthServer, auth: AuthSocket): Promise<void> {
  await auth.whenConnected();
  const { id } = auth.socket;
  server.kick();
  await until(auth, (state) => state.status === "connected" && state.id !== id);
  server.kick();
  await untilStatus(auth, "refused");
}
