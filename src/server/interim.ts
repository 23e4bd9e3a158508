import type { Namespace, Socket } from "socket.io";

type Adapter = Namespace["adapter"];
type Packet = Parameters<Adapter["broadcast"]>[0];
type Options = Parameters<Adapter["broadcast"]>[1];
type Deliver = (socket: Socket) => void;

interface Broadcast {
  packet: Packet;
  options: Options;
  deliver: Deliver;
}

/**
 * What every adapter's broadcasts go through, on the node where they are sent and on the others. Private to Socket.IO's
 * adapter; there is no public way to hear of broadcasts that come from other nodes.
 */
interface Broadcasting {
  _encode(packet: Packet, options: unknown): unknown;
  apply(options: Options, deliver: Deliver): void;
}

/** As Socket.IO numbers its packets. */
const EVENT = 2;

/** A session that is being restored. */
export interface Recording {
  /** Hands what was recorded to the socket that has come of the session, except what it has already been sent. */
  playTo(socket: Socket, rooms: readonly string[], sent: readonly unknown[][]): void;
  stop(): void;
}

/**
 * Records what is broadcast on this node while sessions are being restored. Socket.IO looks up first what was missed, and
 * later lists the socket among those who are sent to: what comes in between, while a log is read or a middleware at work,
 * would reach it in neither way (T9).
 */
export class Interim {
  readonly #tapes = new Set<Broadcast[]>();

  constructor(adapter: Adapter) {
    const broadcasting = adapter as unknown as Partial<Broadcasting>;
    const { _encode, apply } = broadcasting;
    // An adapter that is none of Socket.IO's family has its own ways.
    if (!_encode || !apply) return;
    let packet: Packet | undefined;
    broadcasting._encode = (encoded, options) => {
      const answer = _encode.call(adapter, encoded, options);
      packet = encoded;
      return answer;
    };
    broadcasting.apply = (options, deliver) => {
      apply.call(adapter, options, deliver);
      // Only broadcasts are encoded; `apply` also finds the sockets that are to join, or to be listed.
      if (packet) this.#record({ packet, options, deliver });
      packet = undefined;
    };
  }

  record(): Recording {
    const tape: Broadcast[] = [];
    this.#tapes.add(tape);
    const stop = () => void this.#tapes.delete(tape);
    return {
      stop,
      playTo: (socket, rooms, sent) => {
        stop();
        const offsets = new Set(sent.map((data) => data.at(-1)));
        for (const { packet, options, deliver } of tape) {
          if (concerns(options, rooms) && !offsets.has(packet.data.at(-1))) deliver(socket);
        }
      },
    };
  }

  #record(broadcast: Broadcast): void {
    const { packet, options } = broadcast;
    // What is volatile or to be acknowledged is not recovered either.
    if (packet.type !== EVENT || packet.id !== undefined || options.flags?.volatile) return;
    for (const tape of this.#tapes) tape.push(broadcast);
  }
}

function concerns({ rooms, except }: Options, joined: readonly string[]): boolean {
  const included = rooms.size === 0 || joined.some((room) => rooms.has(room));
  return included && !joined.some((room) => except?.has(room));
}
