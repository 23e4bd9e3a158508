import { Emitter } from "@socket.io/component-emitter";
import { Manager, type ManagerOptions } from "socket.io-client";
import type { ClientEnd, EnginePacket, Line } from "./line.ts";

/** What a transport needs of its line. */
export type Dialled = Pick<Line, "toServer" | "hangUp">;

type Transport = NonNullable<Exclude<ManagerOptions["transports"], string[]>>[number];

/** What an engine gives to its transport, as far as it is of use here. */
interface TransportOptions {
  query: Record<string, unknown>;
  socket: { binaryType: string };
}

/**
 * A transport class for `transports` of Socket.IO's options. It has what an engine asks of a transport, and no base class:
 * the CommonJS build of socket.io-client exports none.
 *
 * @param dial makes the line of a transport that is opened
 */
export function memoryTransport(dial: (client: ClientEnd) => Dialled | undefined): Transport {
  class MemoryTransport extends Emitter<never, never, never> {
    readonly query: Record<string, unknown>;
    readyState: "opening" | "open" | "closed" = "closed";
    writable = false;
    readonly #binaryType: string;
    #line: Dialled | undefined;

    constructor({ query, socket }: TransportOptions) {
      super();
      this.query = query;
      this.#binaryType = socket.binaryType;
    }

    /** The engine reads it from the prototype. */
    get name(): string {
      return "websocket";
    }

    open(): this {
      this.readyState = "opening";
      this.#line = dial({
        binaryType: this.#binaryType,
        opened: () => {
          this.readyState = "open";
          this.writable = true;
          this.#tell("open");
        },
        heard: (packet) => this.#tell("packet", packet),
        closed: () => this.#closed("the connection in memory was closed"),
        failed: () => this.#tell("error", new Error("websocket error")),
      });
      return this;
    }

    send(packets: EnginePacket[]): void {
      if (this.readyState !== "open") return;
      this.writable = false;
      for (const packet of packets) this.#line?.toServer(packet);
      // The engine empties its buffer first.
      void Promise.resolve().then(() => {
        this.writable = true;
        this.#tell("drain");
      });
    }

    close(): this {
      if (this.readyState === "closed") return this;
      this.#line?.hangUp();
      this.#closed();
      return this;
    }

    #closed(description?: string): void {
      this.readyState = "closed";
      this.#tell("close", { description });
    }

    #tell(event: string, ...args: unknown[]): void {
      (this as Emitter<never, never, never> as { emit(event: string, ...args: unknown[]): void }).emit(
        event,
        ...args,
      );
    }
  }
  return MemoryTransport as unknown as Transport;
}

let isTaken = false;

/** @throws Error where socket.io-client takes no transport classes, which no export of it would tell */
export function checkTransportClasses(): void {
  if (isTaken) return;
  const probe = memoryTransport(() => {
    isTaken = true;
    return undefined;
  });
  const manager = new Manager("https://authsocket.test", {
    transports: [probe],
    autoConnect: false,
    reconnection: false,
    timeout: false as unknown as number,
  });
  try {
    manager.open();
    manager.engine.close();
  } catch {
    // They take it for a name, and find no transport of that name.
  }
  if (isTaken) return;
  throw new Error(
    "authsocket/testing needs socket.io-client 4.8 or later: earlier ones take no transport classes in `transports`",
  );
}
