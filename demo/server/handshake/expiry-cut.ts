import type { Socket } from "socket.io";

// T19: a timer longer than this fires at once.
const MAX_TIMEOUT = 2 ** 31 - 1;

/**
 * Disconnects a socket at an instant, in ms since the epoch. Without this, a connection would outlive its token for as long as
 * the network holds.
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
    timer = setTimeout(
      () => (remaining > MAX_TIMEOUT ? wait(until) : void end()),
      Math.min(Math.max(remaining, 0), MAX_TIMEOUT),
    );
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
