import type { Socket } from "socket.io-client";

/** Whether all sockets were connected at one moment, within so many ms. */
export function connected(sockets: Socket[], patience: number): Promise<boolean> {
  const isDone = () => sockets.every((socket) => socket.connected);
  if (isDone()) return Promise.resolve(true);
  return new Promise((resolve) => {
    const done = (outcome: boolean) => {
      clearTimeout(timer);
      for (const socket of sockets) socket.off("connect", look);
      resolve(outcome);
    };
    const look = () => isDone() && done(true);
    const timer = setTimeout(() => done(false), patience);
    for (const socket of sockets) socket.on("connect", look);
  });
}
