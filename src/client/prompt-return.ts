import type { Manager } from "socket.io-client";

/** ms after a DISCONNECT within which the end of the transport is laid to it. */
export const PROMPT_RETURN_WINDOW = 2_000;

/**
 * T5: a server that disconnects one namespace while packets for it are on their way closes the transport of them all. The
 * siblings are at no fault and come back at once, without Socket.IO's delay.
 *
 * To be called in the Manager's "close", since it reckons the delay as soon as everybody has heard of that.
 */
export function returnPromptly(manager: Manager): void {
  const delay = manager.reconnectionDelay();
  if (delay === 0) return;
  manager.reconnectionDelay(0);
  queueMicrotask(() => manager.reconnectionDelay(delay));
}
