import type { Server } from "socket.io";

/** Socket.IO's packet type 4, CONNECT_ERROR, with a namespace or without. */
const CONNECT_ERROR = /^4(?:\/[^,]*,)?(\{.*\})$/s;

/**
 * Calls `onRefused` with the code of each handshake that is refused, in any namespace.
 *
 * It reads the packets that are sent, so that tests see what a client sees, whoever has refused. An app gets the same from the
 * option `onEvent` of `authenticate`.
 */
export function watchRefusals(engine: Server["engine"], onRefused: (code: string) => void): void {
  engine.on("connection", (connection: NodeJS.EventEmitter) => {
    connection.on("packetCreate", ({ data }: { data?: unknown }) => {
      const [, json] = (typeof data === "string" && CONNECT_ERROR.exec(data)) || [];
      if (json) onRefused(String(JSON.parse(json).data?.code));
    });
  });
}
