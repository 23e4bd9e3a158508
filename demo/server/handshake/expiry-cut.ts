import type { Socket } from "socket.io";

// ms. Timers do not notice that the clock is set forward, or that the machine was suspended. One that is longer than 2^31 ms would
// fire at once (T19).
const LONGEST_WAIT = 1_000;

/**
 * Disconnects a socket within a second of an instant, in ms since the epoch. Without this, a connection would outlive its token
 * for as long as the network holds.
 *
 * @param renewed called at that instant; answers a later one if the token or session has been renewed
 */
export function cutAt(
  socket: Pick<Socket, "connected" | "disconnect" | "once">,
  expiresAt: number,
  renewed: () => Promise<number | undefined> = async () => undefined,
): void {
  let timer: NodeJS.Timeout | undefined;
  const wait = (until: number): void => {
    const remaining = until - Date.now();
    if (remaining <= 0) void end();
    else timer = setTimeout(wait, Math.min(remaining, LONGEST_WAIT), until);
  };
  const end = async (): Promise<void> => {
    const later = (await renewed().catch(() => undefined)) ?? 0;
    if (!socket.connected) return;
    if (later > Date.now()) wait(later);
    // Not the transport: other namespaces use it too.
    else socket.disconnect();
  };
  wait(expiresAt);
  socket.once("disconnect", () => clearTimeout(timer));
}
