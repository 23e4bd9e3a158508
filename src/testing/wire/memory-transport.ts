import * as socketIoClient from "socket.io-client";
import type { ClientEnd, EnginePacket, Line } from "./line.ts";

type Transport = typeof socketIoClient.WebSocket;

/**
 * A transport class for `transports` of Socket.IO's options.
 *
 * @param dial makes the line of a transport that is opened
 * @throws Error where socket.io-client is too old
 */
export function memoryTransport(dial: (client: ClientEnd) => Line | undefined): Transport {
  // Looked up in the namespace, since earlier versions export no such name.
  const { WebSocket } = socketIoClient as Partial<typeof socketIoClient>;
  if (typeof WebSocket !== "function") {
    throw new Error(
      "authsocket/testing needs socket.io-client 4.8 or later: earlier ones take no transport classes in `transports`",
    );
  }
  return class MemoryTransport extends WebSocket {
    #line: Line | undefined;

    override doOpen(): this {
      this.#line = dial({
        binaryType: this.socket.binaryType,
        opened: () => this.onOpen(),
        heard: (packet) => this.onPacket(packet as Parameters<typeof this.onPacket>[0]),
        closed: () => this.onClose({ description: "the connection in memory was closed" }),
        failed: () => void this.onError("websocket error", undefined),
      });
      return this;
    }

    override write(packets: EnginePacket[]): void {
      this.writable = false;
      for (const packet of packets) this.#line?.toServer(packet);
      // The engine empties its buffer first.
      void Promise.resolve().then(() => {
        this.writable = true;
        this.emitReserved("drain");
      });
    }

    override doClose(): void {
      this.#line?.hangUp();
    }
  };
}
