import { EventEmitter } from "node:events";
import type { DemoIo } from "./demo-io.ts";
import type { NodeEvents } from "./node-events.ts";

/** All processes of this server, this one included. */
export class Nodes {
  readonly #io: DemoIo;
  readonly #clustered: boolean;
  readonly #events = new EventEmitter();

  /** @param clustered whether there may be others; the adapter of a lone server complains about the attempt */
  constructor(io: DemoIo, clustered: boolean) {
    this.#io = io;
    this.#clustered = clustered;
    io.on("node", (name, args) => this.#events.emit(name, ...args));
  }

  on<Name extends keyof NodeEvents>(name: Name, listener: (...args: NodeEvents[Name]) => void): void {
    this.#events.on(name, (...args) => listener(...(args as NodeEvents[Name])));
  }

  /** Calls the listeners of every node; here at once. */
  tell<Name extends keyof NodeEvents>(name: Name, ...args: NodeEvents[Name]): void {
    this.#events.emit(name, ...args);
    if (this.#clustered) this.#io.serverSideEmit("node", name, args);
  }
}
