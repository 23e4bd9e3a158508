import type { Namespace, Socket } from "socket.io";
import { EVENT } from "../connection/packet.ts";
import { throwLater } from "../reporter.ts";

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
 * The private method that every adapter's broadcasts go through, on the node where they are sent and on the others. The public
 * API does not report broadcasts from other nodes.
 */
interface Broadcasting {
  _encode(packet: Packet, options: unknown): unknown;
  apply(options: Options, deliver: Deliver): void;
}

/** A session that is being restored. */
export interface Recording {
  /**
   * Sends what was recorded to the socket of the session, except what it already has: everything up to `offset`, and what the
   * recovery has `sent`.
   */
  playTo(socket: Socket, rooms: readonly string[], offset: string, sent: readonly unknown[][]): void;
  stop(): void;
}

/** Where a packet stands in the log of a cluster, as Redis streams number it: these can be compared. */
interface Position {
  time: number;
  number: number;
}

const POSITION = /^(\d+)-(\d+)$/;

/**
 * Records what is broadcast on this node while sessions are being restored. Socket.IO first looks up what the client missed, and
 * only later adds the socket to its rooms. A broadcast between the two, while a log is read or a middleware works, would
 * not reach the socket (T9). On the other hand, a node that lags behind the log later broadcasts events that were already looked
 * up there, or that the client got from another node. These must not reach the socket again.
 */
export class RecoveryBroadcasts {
  readonly #recordings = new Set<Broadcast[]>();
  /** How far in the log a recovered socket had come when it was connected. */
  readonly #reached = new WeakMap<Socket, Position>();

  constructor(adapter: Adapter) {
    const broadcasting = adapter as unknown as Partial<Broadcasting>;
    const { _encode, apply } = broadcasting;
    // An adapter that does not extend Socket.IO's own may work in another way.
    if (!_encode || !apply) return;
    let packet: Packet | undefined;
    broadcasting._encode = (encoded, options) => {
      const answer = _encode.call(adapter, encoded, options);
      packet = encoded;
      return answer;
    };
    broadcasting.apply = (options, deliver) => {
      // Only broadcasts are encoded; `apply` also finds the sockets that are to join, or to be listed.
      const broadcast = packet;
      packet = undefined;
      if (!broadcast) return apply.call(adapter, options, deliver);
      // The last argument of all others is the app's.
      const isLogged = isRecovered(broadcast, options) && !options.flags?.local;
      const position = isLogged ? positionOf(broadcast.data.at(-1)) : undefined;
      const deliverNews = (socket: Socket) => {
        const reached = position && this.#reached.get(socket);
        if (!reached || isAfter(position, reached)) deliver(socket);
      };
      apply.call(adapter, options, deliverNews);
      this.#record({ packet: broadcast, options, deliver: deliverNews });
    };
  }

  record(): Recording {
    const recorded: Broadcast[] = [];
    this.#recordings.add(recorded);
    const stop = () => void this.#recordings.delete(recorded);
    return {
      stop,
      playTo: (socket, rooms, offset, sent) => {
        stop();
        const reached = positionOf(sent.at(-1)?.at(-1) ?? offset);
        if (reached) this.#reached.set(socket, reached);
        const offsets = new Set(sent.map((data) => data.at(-1)));
        for (const { packet, options, deliver } of recorded) {
          if (!concerns(options, rooms) || offsets.has(packet.data.at(-1))) continue;
          try {
            deliver(socket);
          } catch (error) {
            // By an `onAnyOutgoing` listener of the app.
            throwLater(error);
          }
        }
      },
    };
  }

  #record(broadcast: Broadcast): void {
    const { packet, options } = broadcast;
    if (!isRecovered(packet, options)) return;
    for (const recorded of this.#recordings) recorded.push(broadcast);
  }
}

/** Volatile and acknowledged events are not recovered. */
function isRecovered({ type, id }: Packet, { flags }: Options): boolean {
  return type === EVENT && id === undefined && !flags?.volatile;
}

function concerns({ rooms, except }: Options, joined: readonly string[]): boolean {
  const included = rooms.size === 0 || joined.some((room) => rooms.has(room));
  return included && !joined.some((room) => except?.has(room));
}

/**
 * Offsets of another kind say nothing of their order. Without an offset, the last argument of an event can be anything that a
 * client has sent, even an object that cannot become a text (V6).
 */
function positionOf(offset: unknown): Position | undefined {
  const [, time, number] = (typeof offset === "string" && POSITION.exec(offset)) || [];
  return time === undefined ? undefined : { time: Number(time), number: Number(number) };
}

function isAfter(one: Position, other: Position): boolean {
  return one.time > other.time || (one.time === other.time && one.number > other.number);
}
