import type { AuthSocketOptions } from "authsocket";
import { Decoder, Encoder, PacketType } from "socket.io-parser";
import type { Clock } from "../time/clock.ts";
import type { End, EnginePacket, Line } from "./line.ts";

/** A packet of Socket.IO. */
export interface Packet {
  /** a PacketType */
  type: number;
  nsp: string;
  data?: unknown;
  id?: number;
}

/** One namespace on an engine. */
export interface Member {
  /** Says CONNECT, and what comes right after it. */
  welcome(): void;
  /** An event or an acknowledgement. */
  heard(packet: Packet): void;
  left(): void;
}

/** What a CONNECT_ERROR says. */
export interface Refused {
  message: string;
  data?: unknown;
}

/** What an engine needs of the server. */
export interface EngineContext {
  readonly clock: Clock;
  /** Answers a CONNECT. */
  admit(engine: Engine, namespace: string, payload: Readonly<Record<string, unknown>>): Member | Refused;
  closed(engine: Engine): void;
}

/** Socket.IO's option `parser`. */
export type Parser = NonNullable<NonNullable<AuthSocketOptions["io"]>["parser"]>;

/**
 * ms between two pings. A line in memory tells both ends when it breaks, so pings detect nothing. But without any, the client would
 * close the connection when a test lets days pass.
 */
const PING_INTERVAL = 86_400_000;

let engines = 0;

/** The server's end of a client's engine: its packets, and the namespaces that it is connected to. */
export class Engine implements End {
  readonly #line: Line;
  readonly #context: EngineContext;
  readonly #encoder: Encoder;
  readonly #decoder: Decoder;
  readonly #members = new Map<string, Member>();
  readonly #decoded: Packet[] = [];
  #heartbeat: unknown;
  #isClosed = false;

  constructor(line: Line, parser: Parser = { Encoder, Decoder }, context: EngineContext) {
    this.#line = line;
    this.#context = context;
    this.#encoder = new parser.Encoder();
    this.#decoder = new parser.Decoder();
    this.#decoder.on("decoded", (packet: Packet) => this.#decoded.push(packet));
    this.#beat();
  }

  /** Says the handshake. */
  opened(): void {
    const times = { pingInterval: PING_INTERVAL, pingTimeout: PING_INTERVAL };
    const handshake = { sid: `engine-${++engines}`, upgrades: [], ...times, maxPayload: 1_000_000 };
    this.#line.toClient({ type: "open", data: JSON.stringify(handshake) });
  }

  /** Breaks the transport: the client hears of it. */
  drop(): void {
    this.#line.break();
    this.closed();
  }

  send(packet: Packet): void {
    for (const data of this.#encoder.encode(packet)) this.#line.toClient({ type: "message", data });
  }

  /** Ends one namespace, and leaves the transport to the others. */
  disconnect(namespace: string): void {
    if (this.#leave(namespace)) this.send({ type: PacketType.DISCONNECT, nsp: namespace });
  }

  heard({ type, data }: EnginePacket): void {
    if (type !== "message") return;
    try {
      this.#decoder.add(data);
    } catch {
      this.drop(); // as Socket.IO does with what it cannot read
    }
    // Outside the try: what a listener throws is the test's to see.
    for (const packet of this.#decoded.splice(0)) if (!this.#isClosed) this.#handle(packet);
  }

  closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#context.clock.clearTimeout(this.#heartbeat);
    this.#decoder.destroy();
    for (const namespace of [...this.#members.keys()]) this.#leave(namespace);
    this.#context.closed(this);
  }

  #beat(): void {
    this.#heartbeat = this.#context.clock.setTimeout(() => {
      this.#line.toClient({ type: "ping" });
      this.#beat();
    }, PING_INTERVAL);
  }

  #handle(packet: Packet): void {
    const { type, nsp: namespace, data } = packet;
    if (type === PacketType.CONNECT) this.#connect(namespace, Object(data));
    else if (type === PacketType.DISCONNECT) this.#leave(namespace);
    else this.#members.get(namespace)?.heard(packet);
  }

  #connect(namespace: string, payload: Record<string, unknown>): void {
    if (this.#members.has(namespace)) {
      this.drop(); // as Socket.IO for Node does
      return;
    }
    const answer = this.#context.admit(this, namespace, payload);
    if ("welcome" in answer) {
      this.#members.set(namespace, answer);
      answer.welcome();
    } else {
      const { message, data } = answer;
      this.send({ type: PacketType.CONNECT_ERROR, nsp: namespace, data: { message, data } });
    }
  }

  #leave(namespace: string): boolean {
    const member = this.#members.get(namespace);
    this.#members.delete(namespace);
    member?.left();
    return member !== undefined;
  }
}
