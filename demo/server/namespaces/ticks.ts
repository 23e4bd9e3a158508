import type { TicksAnswer } from "../../socket-events.ts";
import { acknowledge } from "../sockets/acknowledgement.ts";
import type { DemoIo, DemoSocket } from "../sockets/demo-io.ts";
import type { Nodes } from "../sockets/nodes.ts";
import type { Store } from "../stores/store.ts";

/** How many missed ticks are sent again at most. */
const KEPT = 300;

const complain = (error: Error): void => console.error(`Ticks: ${String(error)}`);

const room = (subject: string): string => `ticks:${subject}`;
const numberKey = (subject: string): string => `tick:${subject}`;

export interface TicksOptions {
  /** The users who get ticks at this moment. */
  subjects: () => Promise<readonly string[]>;
  /** ms */
  interval: number;
}

/**
 * Sends numbered events to each signed-in user, so that a lost one can be seen. After a reconnect the client says which was its
 * last, and gets the missing ones. The numbers continue when a user signs in again, on any node.
 */
export class Ticks {
  readonly #io: DemoIo;
  readonly #nodes: Nodes;
  readonly #store: Store;
  readonly #options: TicksOptions;
  /** The latest number that this node has sent for each user. */
  readonly #latest = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;
  #ticking = false;

  constructor(io: DemoIo, nodes: Nodes, store: Store, options: TicksOptions) {
    this.#io = io;
    this.#nodes = nodes;
    this.#store = store;
    this.#options = options;
    nodes.on("tick", (subject, n) => this.#tell(subject, n));
    this.#timer = setInterval(() => {
      if (!this.#ticking) this.#tick().catch(complain);
    }, options.interval);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  serve(socket: DemoSocket): void {
    const { subject } = socket.data.auth;
    // Recovery has restored the room, but the client will ask for its missing ticks itself.
    if (socket.recovered) void socket.leave(room(subject));
    socket.on("ticks", (after: unknown, reply: unknown) => {
      const start = (): void => {
        if (socket.connected) acknowledge<TicksAnswer>(reply)({ from: this.#join(socket, after) });
      };
      if (this.#latest.has(subject)) start();
      else this.#learn(subject).then(start).catch(complain);
    });
  }

  /** Sends the missing ticks and joins the room, synchronously: no tick can be lost or sent twice in between. */
  #join(socket: DemoSocket, after: unknown): number {
    const { subject } = socket.data.auth;
    const latest = this.#latest.get(subject) ?? 0;
    // A number higher than the latest is from before a restart of the server.
    const last = typeof after === "number" && after >= 0 && after <= latest ? Math.floor(after) : latest;
    const from = Math.max(last, latest - KEPT) + 1;
    // `local`, as for all ticks: another way could change their order.
    for (let n = from; n <= latest; n++) this.#io.local.to(socket.id).emit("tick", n);
    void socket.join(room(subject));
    return from;
  }

  /** Reads the latest number of a user from the store, for a node that has not sent any yet. */
  async #learn(subject: string): Promise<void> {
    const stored = (await this.#store.get<number>(numberKey(subject))) ?? 0;
    this.#latest.set(subject, Math.max(stored, this.#latest.get(subject) ?? 0));
  }

  async #tick(): Promise<void> {
    this.#ticking = true;
    try {
      if (!(await this.#isMyTurn())) return;
      for (const subject of await this.#options.subjects()) {
        const n = await this.#store.update<number, number>(numberKey(subject), (latest = 0) => ({
          result: latest + 1,
          next: { value: latest + 1 },
        }));
        this.#nodes.tell("tick", subject, n);
      }
    } finally {
      this.#ticking = false;
    }
  }

  /** Whether this node is the one that sends the ticks this time: the first to ask. */
  #isMyTurn(): Promise<boolean> {
    // Ends a little before the next turn, so that the same node can take it again.
    const lifetime = 0.9 * this.#options.interval;
    return this.#store.update<true, boolean>("ticks:turn", (taken) =>
      taken ? { result: false } : { result: true, next: { value: true, lifetime } },
    );
  }

  // Messages of two nodes can overtake each other, so this sends all numbers up to `n`, and none twice.
  #tell(subject: string, n: number): void {
    const latest = this.#latest.get(subject) ?? n - 1;
    for (let next = latest + 1; next <= n; next++) this.#io.local.to(room(subject)).emit("tick", next);
    this.#latest.set(subject, Math.max(latest, n));
  }
}
