import type { Server } from "socket.io";
import type { Device } from "./user-sockets.ts";

/** Between nodes: whose connections every node is to end. */
const REVOKE_EVENT = "authsocket:revoke";

/** Between nodes: whose connections every node is to list; acknowledged. */
const DEVICES_EVENT = "authsocket:devices";

/** What a node does with a user's connections to one authenticated namespace, or to all that a dynamic one stands for. */
export interface Branch {
  revoke(subject: string, reason: string): void;
  devices(subject: string): Promise<Device[]>;
}

const known = new WeakMap<object, Nodes>();

/**
 * The nodes of a cluster, which ask each other through the adapter of the main namespace: a dynamic one need not exist on
 * every node.
 */
export class Nodes {
  readonly #server: Server;
  readonly #branches = new Map<string, Branch>();
  #dynamic = 0;

  private constructor(server: Server) {
    this.#server = server;
    server.sockets.on(REVOKE_EVENT, (name: string, subject: string, reason: string) =>
      this.#branches.get(name)?.revoke(subject, reason),
    );
    server.sockets.on(
      DEVICES_EVENT,
      (name: string, subject: string, answer: (devices: Device[]) => void) =>
        void Promise.resolve(this.#branches.get(name)?.devices(subject) ?? []).then(answer),
    );
  }

  static of(server: Server): Nodes {
    const nodes = known.get(server) ?? new Nodes(server);
    known.set(server, nodes);
    return nodes;
  }

  /**
   * Answers for this node.
   *
   * @param name of the namespace; undefined for a dynamic one: Socket.IO numbers those by process, and between nodes they
   * go by the order of these calls
   * @returns the same branch of the other nodes
   */
  join(name: string | undefined, branch: Branch): Branch {
    const shared = name ?? `dynamic ${this.#dynamic++}`;
    this.#branches.set(shared, branch);
    const { sockets } = this.#server;
    return {
      revoke: (subject, reason) => {
        if (this.#areOthers()) sockets.serverSideEmit(REVOKE_EVENT, shared, subject, reason);
      },
      devices: async (subject) => {
        if (!this.#areOthers()) return [];
        const found: Device[][] = await sockets.serverSideEmitWithAck(DEVICES_EVENT, shared, subject);
        return found.flat();
      },
    };
  }

  /** Whether the adapter joins nodes at all: that of a single process inherits a method that complains of the attempt. */
  #areOthers(): boolean {
    const { adapter } = this.#server.sockets;
    let inherited = adapter.serverSideEmit;
    for (let next: object | null = adapter; next; next = Object.getPrototypeOf(next)) {
      if (Object.hasOwn(next, "serverSideEmit")) inherited = (next as typeof adapter).serverSideEmit;
    }
    return adapter.serverSideEmit !== inherited;
  }
}
