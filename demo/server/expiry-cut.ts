import type { DemoSocket } from "./demo-io.ts";

// T19: a longer timer fires at once.
const MAX_TIMEOUT = 2 ** 31 - 1;

/**
 * Disconnects a socket at an instant, in ms since the epoch: without this a connection outlives its token for as long
 * as the network holds.
 */
export function cutAt(socket: DemoSocket, expiresAt: number): void {
  let timer: NodeJS.Timeout;
  const wait = (): void => {
    const remaining = expiresAt - Date.now();
    if (remaining <= 0) socket.disconnect(true);
    else timer = setTimeout(wait, Math.min(remaining, MAX_TIMEOUT));
  };
  wait();
  socket.once("disconnect", () => clearTimeout(timer));
}
