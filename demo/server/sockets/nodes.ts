import { EventEmitter } from "node:events";
import type { DemoIo } from "./demo-io.ts";
import type { NodeEvents } from "./node-events.ts";

/** All processes of this server, including this one. */
export class Nodes {
  readonly #io: DemoIo;
  readonly #clustered: boolean;
  readonly #events = new EventEmitter();

  /** @param clustered whether there can be other processes; without them the adapter rejects messages to them */
  constructor(io: DemoIo, clustered: boolean) {
    this.#io = io;
    this.#clustered = clustered;
    io.on("node", (name, args) => this.#events.emit(name, ...args));
  }

  on<Name extends keyof NodeEvents>(name: Name, listener: (...args: NodeEvents[Name]) => void): void {
    this.#events.on(name, (...args) => listener(...(args as NodeEvents[Name])));
  }

  /** Calls the listeners on every node. Those on this node are called synchronously. */
  tell<Name extends keyof NodeEvents>(name: Name, ...args: NodeEvents[Name]): void {
    this.#events.emit(name, ...args);
    if (this.#clustered) this.#io.serverSideEmit("node", name, args);
  }
}
