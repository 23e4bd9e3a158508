import type { Signal } from "./signal.ts";
import { isDuration, type Messages, type Wire } from "./wire.ts";

/** ms between two hellos of a node. */
const HEARTBEAT = 5_000;
/** A node also says hello so many ms after its start, because its adapter may not have subscribed before. */
const FIRST_HELLOS = [0, 50, 200, 500, 1_000, 2_000];
/** ms after which a silent node counts as gone. */
const SILENCE = 15_000;
/** ms for which a new node waits for the revocations of the others. */
const ACQUAINTANCE = 1_000;
/** ms for which a node lists in its hellos what it has heard: longer than it can be away before it asks to be told everything. */
const LISTED = 60_000;
/** ms within which each node hears of a revocation. */
const TRAVEL = 2_000;

/** The revocations of this node, as it tells them to others. */
export interface RevocationLog {
  readonly all: readonly Messages["authsocket:revoke"][];
  /** The ids of those that are at least `youngest` ms old, and at most `oldest` ms. */
  idsBetween(youngest: number, oldest: number): string[];
  add(revocation: Messages["authsocket:revoke"]): void;
}

/**
 * Which nodes are present, and whose revocations are known here.
 *
 * A node says hello when it starts and every five seconds. A node that hears a new one, or one that has been
 * silent, tells it the revocations, so that it knows what was revoked before its start and in its absence. A node may also be away
 * for seconds, and miss one that nobody repeats, because the node that sent it has crashed. So each hello lists the latest ones.
 */
export class Membership {
  readonly #id: string;
  readonly #wire: Wire;
  readonly #news: Signal;
  readonly #log: RevocationLog;
  /** ms for which it is remembered whose revocations are known. */
  readonly #memory: number;
  /** The present nodes, with the `performance.now()` at which each was last heard. */
  readonly #present = new Map<string, number>();
  /** The nodes that have told this node their revocations. */
  readonly #syncedNodes = new Set<string>();
  /** The nodes that this node has told its revocations since it last lost sight of them. */
  readonly #toldNodes = new Set<string>();
  /** Nodes whose revocations are known here, with the `performance.now()` at which they were last heard of. */
  readonly #known = new Map<string, number>();
  readonly #begun = performance.now();
  readonly #timers: NodeJS.Timeout[];

  constructor(id: string, wire: Wire, news: Signal, log: RevocationLog, memory: number) {
    this.#id = id;
    this.#wire = wire;
    this.#news = news;
    this.#log = log;
    this.#memory = memory;
    const hello = () => void this.sayHello();
    this.#timers = FIRST_HELLOS.map((ms) => setTimeout(hello, ms).unref());
    this.#timers.push(setInterval(hello, HEARTBEAT).unref());
  }

  /** The ids of the nodes that are present. */
  get present(): readonly string[] {
    return [...this.#present.keys()];
  }

  async sayHello(): Promise<void> {
    const now = performance.now();
    // A node that was cut off and comes back is told again what it has not heard.
    for (const [node, at] of this.#present) if (now - at > SILENCE) this.forget(node);
    for (const node of this.#syncedNodes) this.#known.set(node, now);
    for (const [node, at] of this.#known) if (now - at > this.#memory) this.#known.delete(node);
    await this.#wire.send("authsocket:hello", {
      from: this.#id,
      tellers: [...this.#syncedNodes],
      latest: this.#log.idsBetween(0, LISTED),
    });
  }

  /** A node has sent something. */
  heard(from: string): void {
    this.#present.set(from, performance.now());
  }

  greeted({ from, tellers, latest }: Messages["authsocket:hello"]): void {
    const isTold = tellers.includes(this.#id) && this.#toldNodes.has(from);
    if (!isTold || this.#hasNewsFor(latest)) this.#tell(from);
    if (!this.#syncedNodes.has(from)) void this.sayHello();
  }

  told({ from, to, revocations, covered }: Messages["authsocket:told"]): void {
    if (to !== this.#id) return;
    for (const revocation of revocations) this.#log.add(revocation);
    const now = performance.now();
    for (const [node, ago] of Object.entries(covered)) {
      if (!isDuration(ago)) continue;
      this.#known.set(node, Math.max(now - ago, this.#known.get(node) ?? Number.NEGATIVE_INFINITY));
    }
    this.#syncedNodes.add(from);
  }

  forget(node: string): void {
    this.#present.delete(node);
    this.#syncedNodes.delete(node);
    this.#toldNodes.delete(node);
  }

  /** Whether all revocations that a node knows are known here. A new node waits until it has been told. */
  async knowsRevocationsOf(node: unknown): Promise<boolean> {
    if (node === this.#id) return true;
    if (typeof node !== "string") return false;
    for (let left = ACQUAINTANCE; left > 0 && !this.#known.has(node) && this.#wire.isShared; ) {
      left = this.#begun + ACQUAINTANCE - performance.now();
      if (left > 0) await this.#news.wait(left);
    }
    return this.#known.has(node);
  }

  async leave(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#wire.leave(this.#id);
  }

  /** Whether another node should have heard of a revocation by now, and has not. */
  #hasNewsFor(latest: readonly unknown[] | undefined): boolean {
    // A node with an earlier version lists none.
    if (!latest) return false;
    const heard = new Set(latest);
    // Shorter than it is listed, so that one whose time is just over is not told again.
    return this.#log.idsBetween(TRAVEL, LISTED - TRAVEL).some((id) => !heard.has(id));
  }

  #tell(to: string): void {
    this.#toldNodes.add(to);
    const now = performance.now();
    const known = Object.fromEntries([...this.#known].map(([node, at]) => [node, now - at]));
    void this.#wire.send("authsocket:told", {
      to,
      from: this.#id,
      revocations: [...this.#log.all],
      covered: { ...known, [this.#id]: 0 },
    });
  }
}
