import type { Socket } from "socket.io-client";
import { onTestFinished } from "vitest";

/**
 * A plain Socket beside another one on the same engine, disconnected when the test is over: it would keep the Manager, which
 * would try without end to reach a server that is gone.
 */
export function plainSocket({ io }: Pick<Socket, "io">, namespace: string, token?: string): Socket {
  const socket = io.socket(namespace, token === undefined ? {} : { auth: { token } });
  onTestFinished(() => void socket.disconnect());
  return socket;
}
