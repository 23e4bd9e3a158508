import type { Manager } from "socket.io-client";

/** As Socket.IO numbers its packets. */
const DISCONNECT = 1;

/** ms after a DISCONNECT within which the end of the transport is laid to it. */
const WINDOW = 2_000;

/**
 * T5: a server that disconnects one namespace while packets for it are on their way closes the transport of them all. The
 * siblings are at no fault and come back at once, without Socket.IO's delay.
 *
 * @returns its undo
 */
export function returnPromptly(manager: Manager, now: () => number): () => void {
  let disconnectedAt = Number.NEGATIVE_INFINITY;
  const heard = ({ type }: { type: number }) => {
    if (type === DISCONNECT) disconnectedAt = now();
  };
  // The Manager reckons the delay as soon as everybody has heard of the close.
  const closed = () => {
    const delay = manager.reconnectionDelay();
    if (delay === 0 || now() - disconnectedAt > WINDOW) return;
    disconnectedAt = Number.NEGATIVE_INFINITY;
    manager.reconnectionDelay(0);
    queueMicrotask(() => manager.reconnectionDelay(delay));
  };
  manager.on("packet", heard);
  manager.on("close", closed);
  return () => {
    manager.off("packet", heard);
    manager.off("close", closed);
  };
}
