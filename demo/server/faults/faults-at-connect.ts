import type { DemoIo } from "../sockets/demo-io.ts";
import type { Faults } from "./faults.ts";

/**
 * Two ways to refuse a socket that AuthSocket's protocol does not know, because many servers use them. The fault buttons
 * switch them on for one browser:
 *
 * - a middleware that refuses with an error without a code, as a guard for roles often does
 * - a gateway that accepts every connection and disconnects it once it has verified the token, as in NestJS's `handleConnection`
 */
export function addFaultsAtConnect(io: DemoIo, faults: Faults): void {
  io.use((socket, next) => {
    next(faults.isRoleRefused(socket.data.auth.claims) ? new Error("Unauthorized") : undefined);
  });
  io.on("connection", (socket) => {
    // Later, as after a request to a key server: the client knows by then that it is connected.
    if (faults.isRefusedLate(socket.data.auth.claims)) setTimeout(() => socket.disconnect(), 50);
  });
}
