import type { Socket } from "socket.io";
import { RENEW_EVENT } from "../../protocol.ts";
import { throwLater } from "../reporter.ts";
import { BINARY_EVENT, DISCONNECT, EVENT } from "./packet.ts";

/** How many bytes and packets of a client are kept while it is not known whether they may be handled. */
const MOST_BYTES = 1_000_000;
const MOST_PACKETS = 10_000;

interface Packet {
  type: number;
  data?: unknown[];
  /** undefined if the client asks for no acknowledgement */
  id?: number | undefined;
}

/** Private to Socket.IO. */
interface Receiving {
  /** Handles a packet of the client. */
  _onpacket?(packet: Packet): void;
  /** Makes the function that sends an acknowledgement. */
  ack?(id: number): unknown;
}

/** A renewal as the client has sent it, unchecked. */
export interface Renewal {
  payload: unknown;
  acknowledge: unknown;
}

/** What decides about the packets of a socket. */
export interface PacketRules {
  /** Asked for each packet: one that comes when it is closed is dropped. */
  isClosed(): boolean;
  /** Gets the renewals. */
  renew(renewal: Renewal): void;
}

/**
 * Runs before everything that handles a client's packets: `onAny` listeners, acknowledgements, middlewares and listeners. It takes
 * the renewals out, so that nothing of the app's sees a token (S1) or makes a renewal fail.
 */
export class PacketGate {
  readonly #socket: Socket;
  readonly #rules: PacketRules;
  #held: (() => void)[] | undefined;
  #bytes = 0;
  #isShut = false;

  constructor(socket: Socket, rules: PacketRules) {
    this.#socket = socket;
    this.#rules = rules;
    const receiving: Receiving = socket as object;
    const { _onpacket, ack } = receiving;
    if (_onpacket && ack) {
      receiving._onpacket = (packet) => {
        // T4: a client that leaves may come back before this is known. Socket.IO ignores what was sent before that.
        if (packet.type === DISCONNECT) {
          if (this.#held) this.#held = [];
          _onpacket.call(socket, packet);
          return;
        }
        this.#receive(() => {
          if (isRenewal(packet)) rules.renew(renewalOf(packet, (id) => ack.call(socket, id)));
          else _onpacket.call(socket, packet);
        });
      };
    } else {
      // The public API runs after `onAny()` and after middlewares that were added before, and sees no acknowledgements.
      socket.prependAny(hideToken);
      socket.use((packet, next) =>
        this.#receive(() => {
          const [event, payload] = packet;
          if (event === RENEW_EVENT) rules.renew({ payload, acknowledge: packet.at(-1) });
          else next();
        }),
      );
    }
  }

  /** Keeps packets until a promise has settled. If a client sends too many meanwhile, its transport is closed. */
  holdUntil(known: Promise<void>): void {
    this.#held = [];
    const count = (data: string | Buffer) => {
      this.#bytes += data.length;
    };
    this.#socket.conn.on("message", count);
    void known.finally(() => {
      const held = this.#held ?? [];
      this.#held = undefined;
      this.#socket.conn.off("message", count);
      for (const proceed of held) this.#release(proceed);
    });
  }

  /**
   * Closes the transport. This is no DISCONNECT: the client comes back automatically, recovers, and is asked about again. A transport
   * that has yet to write something, or waits for the next poll, closes later. What it delivers until then is dropped.
   */
  closeTransport(): void {
    this.#isShut = true;
    if (this.#held) this.#held = [];
    this.#socket.conn.close();
  }

  #receive(proceed: () => void): void {
    if (this.#isShut || this.#rules.isClosed()) return;
    if (!this.#held) {
      proceed();
      return;
    }
    this.#held.push(proceed);
    if (this.#bytes > MOST_BYTES || this.#held.length > MOST_PACKETS) this.closeTransport();
  }

  /** A listener of the app that throws does not lose the packets behind it. */
  #release(proceed: () => void): void {
    try {
      this.#receive(proceed);
    } catch (error) {
      throwLater(error);
    }
  }
}

function isRenewal({ type, data }: Packet): boolean {
  return (type === EVENT || type === BINARY_EVENT) && data?.[0] === RENEW_EVENT;
}

function renewalOf({ data, id }: Packet, ack: (id: number) => unknown): Renewal {
  return { payload: data?.[1], acknowledge: typeof id === "number" ? ack(id) : undefined };
}

/** If an `onAny` listener logs a renewal, it must not log the token. */
function hideToken(event: string, payload: unknown): void {
  if (event !== RENEW_EVENT || typeof payload !== "object" || payload === null) return;
  if ("token" in payload) Object.defineProperty(payload, "token", { enumerable: false });
}
