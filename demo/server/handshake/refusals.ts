import type { Server } from "socket.io";

/** Socket.IO's packet type 4, CONNECT_ERROR, with a namespace or without. */
const CONNECT_ERROR = /^4(?:\/[^,]*,)?(\{.*\})$/s;

/** Calls `onRefused` with the code of each handshake that a middleware refuses, in any namespace. */
export function watchRefusals(engine: Server["engine"], onRefused: (code: string) => void): void {
  engine.on("connection", (connection: NodeJS.EventEmitter) => {
    connection.on("packetCreate", ({ data }: { data?: unknown }) => {
      const [, json] = (typeof data === "string" && CONNECT_ERROR.exec(data)) || [];
      if (json) onRefused(String(JSON.parse(json).data?.code));
    });
  });
}
