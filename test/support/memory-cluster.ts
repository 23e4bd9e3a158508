import type { Server, ServerOptions } from "socket.io";
import {
  type Adapter,
  ClusterAdapter,
  type ClusterMessage,
  type ClusterResponse,
  type Session,
} from "socket.io-adapter";

/** As the streams adapters keep them: without the packets, which are in the log. */
type StoredSession = Parameters<Adapter["persistSession"]>[0];

/** A copy as a message broker would hand it on: whatever is no plain data is lost on the way. */
const copy = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value));

/**
 * What joins servers of one process to a cluster with connection state recovery across its nodes. Give each server
 * `cluster.adapter`.
 */
export class MemoryCluster {
  /** Everything that was sent from one node to others, as text. */
  get traffic(): string {
    return JSON.stringify([this.#log, this.#responses, [...this.#sessions.values()]]);
  }

  /** The data of the sessions that are stored. */
  get stored(): unknown[] {
    return [...this.#sessions.values()].map(({ data }) => data);
  }

  /** Makes the stored sessions those of a node whose clock is ahead by so many ms. */
  storedAhead(ahead: number): void {
    this.begunAhead(ahead);
    for (const data of this.stored) Object(data)["authsocket:session"].at += ahead;
  }

  /** Makes the stored sessions those of a node whose clock was ahead by so many ms when they began, and is no longer. */
  begunAhead(ahead: number): void {
    for (const data of this.stored) Object(data)["authsocket:session"].since += ahead;
  }

  /** Cuts a node off from the others: it hears nothing, and nobody hears it. */
  cutOff(io: Server): void {
    this.#away.add(io.of("/").adapter);
  }

  /** Joins it again. What was sent meanwhile is lost. */
  rejoin(io: Server): void {
    this.#away.delete(io.of("/").adapter);
  }

  readonly adapter: ServerOptions["adapter"];
  readonly #away = new Set<unknown>();
  readonly #log: { offset: string; message: ClusterMessage }[] = [];
  readonly #responses: ClusterResponse[] = [];
  readonly #sessions = new Map<string, StoredSession>();
  readonly #nodes = new Set<Node>();

  /** @param offsetOf the offset of a broadcast, the first of which is number 0 */
  constructor(offsetOf: (number: number) => string = String) {
    const log = this.#log;
    const responses = this.#responses;
    const sessions = this.#sessions;
    const nodes = this.#nodes;
    const away = this.#away;

    this.adapter = class extends ClusterAdapter implements Node {
      readonly name: string;
      readonly id: string;

      constructor(namespace: { name: string }) {
        super(namespace);
        this.name = namespace.name;
        this.id = this.uid;
        nodes.add(this);
      }

      override close() {
        nodes.delete(this);
      }

      override serverCount() {
        if (away.has(this)) return Promise.reject(new Error("the broker is away"));
        return Promise.resolve(this.#peers().length + 1);
      }

      protected override doPublish(message: ClusterMessage) {
        const offset = offsetOf(log.length);
        const sent = copy(message);
        log.push({ offset, message: sent });
        for (const peer of this.#peers()) setImmediate(() => peer.receive(copy(sent), offset));
        return Promise.resolve(offset);
      }

      protected override doPublishResponse(requester: string, response: ClusterResponse) {
        const sent = copy(response);
        responses.push(sent);
        for (const peer of this.#peers()) {
          if (peer.id === requester) setImmediate(() => peer.answer(copy(sent)));
        }
        return Promise.resolve();
      }

      receive(message: ClusterMessage, offset: string) {
        this.onMessage(message, offset);
      }

      answer(response: ClusterResponse) {
        this.onResponse(response);
      }

      override persistSession(session: StoredSession) {
        sessions.set(session.pid, copy(session));
      }

      // Once, as in the streams adapters: what is restored is spent.
      override restoreSession(pid: string, offset: string): Promise<Session> {
        const session = sessions.get(pid);
        sessions.delete(pid);
        const from = log.findIndex((entry) => entry.offset === offset);
        if (!session || from === -1) return Promise.reject(new Error("no such session"));
        const missedPackets = log.slice(from + 1).flatMap(({ message, offset }) => {
          if (message.nsp !== this.name || !("data" in message) || !("packet" in message.data)) return [];
          const { packet, opts } = message.data as {
            packet: { type: number; data: unknown[] };
            opts?: Options;
          };
          const concerns =
            opts && (opts.rooms.length === 0 || opts.rooms.some((room) => session.rooms.includes(room)));
          return packet.type === 2 && concerns ? [[...packet.data, offset]] : [];
        });
        return Promise.resolve({ ...copy(session), missedPackets });
      }

      #peers() {
        if (away.has(this)) return [];
        return [...nodes].filter((node) => node !== this && node.name === this.name && !away.has(node));
      }
    };
  }
}

interface Options {
  rooms: string[];
}

interface Node {
  readonly name: string;
  readonly id: string;
  receive(message: ClusterMessage, offset: string): void;
  answer(response: ClusterResponse): void;
}
