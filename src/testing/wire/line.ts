import { withNativeImmediate } from "../time/native-task.ts";

/** A packet of the engine. */
export interface EnginePacket {
  type: string;
  data?: unknown;
}

/** One end of a line. */
export interface End {
  /** The two are connected. */
  opened(): void;
  heard(packet: EnginePacket): void;
  /** The other end is gone, or the line is: it may be told of both. */
  closed(): void;
}

/** The client's end: a transport. */
export interface ClientEnd extends End {
  /** There is no way to the server. */
  failed(): void;
  /** What binary data arrives as. */
  readonly binaryType: string;
}

/**
 * Delivers what is sent to an end, in the order of sending. In test/simulation, `to` decides which direction is slow; the test server
 * has one order for both.
 */
export type Carrier = (to: "client" | "server", deliver: () => void | Promise<void>) => void;

/** What a WebSocket is between a client and the server. */
export class Line {
  readonly #carry: Carrier;
  readonly #client: ClientEnd;
  readonly #server: End;
  #isHungUp = false;
  #isBroken = false;

  constructor(carry: Carrier, client: ClientEnd, server: (line: Line) => End) {
    this.#carry = carry;
    this.#client = client;
    this.#server = server(this);
  }

  open(): void {
    this.#carry("server", () => {
      if (this.#isHungUp || this.#isBroken) return;
      this.#carry("client", () => {
        if (!this.#isHungUp && !this.#isBroken) this.#client.opened();
      });
      this.#server.opened();
    });
  }

  toServer({ type, data }: EnginePacket): void {
    if (this.#isHungUp || this.#isBroken) return;
    this.#send("server", data, (copy) => {
      if (!this.#isBroken) this.#server.heard({ type, data: copy });
    });
  }

  toClient({ type, data }: EnginePacket): void {
    if (this.#isHungUp || this.#isBroken) return;
    this.#send("client", data, (copy) => {
      if (this.#isHungUp || this.#isBroken) return;
      this.#client.heard({ type, data: received(copy, this.#client.binaryType) });
    });
  }

  /** The client closes its end. What it has sent before still arrives. */
  hangUp(): void {
    if (this.#isHungUp || this.#isBroken) return;
    this.#isHungUp = true;
    this.#carry("server", () => this.#server.closed());
  }

  /** The connection breaks. Everything that is on its way is lost, in both directions, and both ends are told. */
  break(): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#carry("server", () => this.#server.closed());
    if (!this.#isHungUp) this.#carry("client", () => this.#client.closed());
  }

  /** What cannot be copied does not arrive. Its error is thrown when it is its turn, and the packets behind it go on. */
  #send(to: "client" | "server", data: unknown, arrive: (copy: unknown) => void): void {
    try {
      const copy = copyOf(data);
      this.#carry(to, () => (isBlob(copy) ? bytesOf(copy).then(arrive) : arrive(copy)));
    } catch (error) {
      this.#carry(to, () => {
        throw error;
      });
    }
  }
}

/** Neither end is to see what the other does with its data. A Blob never changes. */
function copyOf(data: unknown): unknown {
  if (typeof data !== "object" || data === null || isBlob(data)) return data;
  if (ArrayBuffer.isView(data)) {
    return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength).slice();
  }
  return new Uint8Array(data as ArrayBuffer).slice();
}

function isBlob(data: unknown): data is Blob {
  return typeof Blob === "function" && data instanceof Blob;
}

async function bytesOf(blob: Blob): Promise<Uint8Array> {
  if (typeof blob.arrayBuffer === "function") return new Uint8Array(await blob.arrayBuffer());
  // jsdom's Blob has no arrayBuffer(), and its FileReader reads by setImmediate().
  const reader = new FileReader();
  await withNativeImmediate(() => {
    reader.readAsArrayBuffer(blob);
    return new Promise((resolve, reject) => {
      reader.onload = resolve;
      reader.onerror = () => reject(reader.error);
    });
  });
  return new Uint8Array(reader.result as ArrayBuffer);
}

/** As engine.io-client hands over what a WebSocket brings. */
function received(data: unknown, binaryType: string): unknown {
  if (!(data instanceof Uint8Array)) return data;
  const { Buffer } = globalThis as { Buffer?: { from(buffer: ArrayBufferLike): unknown } };
  if (binaryType === "nodebuffer" && Buffer) return Buffer.from(data.buffer);
  return binaryType === "blob" ? new Blob([data as Uint8Array<ArrayBuffer>]) : data.buffer;
}
