import type { TicksAnswer } from "../../socket-events.ts";
import { acknowledge } from "../sockets/acknowledgement.ts";
import type { DemoIo, DemoSocket } from "../sockets/demo-io.ts";
import type { Nodes } from "../sockets/nodes.ts";
import type { Store } from "../stores/store.ts";

/** How many ticks are repeated to a client that has been away. */
const KEPT = 300;

const complain = (error: Error): void => console.error(`Ticks: ${String(error)}`);

const room = (subject: string): string => `ticks:${subject}`;
const numberKey = (subject: string): string => `tick:${subject}`;

export interface TicksOptions {
  /** Who gets ticks at this moment. */
  subjects: () => Promise<readonly string[]>;
  /** ms */
  interval: number;
}

/**
 * Numbered events to each signed-in user, replayed from where the client left off. The numbers go on where they stopped
 * when a user signs in again, on whatever node.
 */
export class Ticks {
  readonly #io: DemoIo;
  readonly #nodes: Nodes;
  readonly #store: Store;
  readonly #options: TicksOptions;
  /** What this node has told its sockets. */
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
    // Recovery has put it back there, but the client will say which tick it has got to.
    if (socket.recovered) void socket.leave(room(subject));
    socket.on("ticks", (after: unknown, reply: unknown) => {
      const start = (): void => {
        if (socket.connected) acknowledge<TicksAnswer>(reply)({ from: this.#join(socket, after) });
      };
      if (this.#latest.has(subject)) start();
      else this.#learn(subject).then(start).catch(complain);
    });
  }

  /** Replay and joining are one synchronous step: no tick can fall between them or arrive twice. */
  #join(socket: DemoSocket, after: unknown): number {
    const { subject } = socket.data.auth;
    const latest = this.#latest.get(subject) ?? 0;
    // A number that has not been reached is from before the server started anew.
    const last = typeof after === "number" && after >= 0 && after <= latest ? Math.floor(after) : latest;
    const from = Math.max(last, latest - KEPT) + 1;
    // Locally, as all ticks: what goes round by another way may overtake.
    for (let n = from; n <= latest; n++) this.#io.local.to(socket.id).emit("tick", n);
    void socket.join(room(subject));
    return from;
  }

  /** A node that has not ticked for that user yet reads how far the others have got. */
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

  /** Of all nodes, the one that comes first ticks for everybody. */
  #isMyTurn(): Promise<boolean> {
    // Over a little before the next turn is due, so that the same node's timer finds it free.
    const lifetime = 0.9 * this.#options.interval;
    return this.#store.update<true, boolean>("ticks:turn", (taken) =>
      taken ? { result: false } : { result: true, next: { value: true, lifetime } },
    );
  }

  // Two nodes' messages may overtake each other: whatever is between was sent too, and what is older has been told.
  #tell(subject: string, n: number): void {
    const latest = this.#latest.get(subject) ?? n - 1;
    for (let next = latest + 1; next <= n; next++) this.#io.local.to(room(subject)).emit("tick", next);
    this.#latest.set(subject, Math.max(latest, n));
  }
}
