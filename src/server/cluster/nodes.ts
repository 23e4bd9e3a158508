import type { Namespace, Server } from "socket.io";
import { REVOKED_EVENT } from "../../protocol.ts";
import { userRoom } from "../user-room.ts";
import type { Device } from "../user-sockets.ts";
import { instant, type Revocation, Revocations } from "./revocations.ts";
import { Signal } from "./signal.ts";
import { type Messages, Wire } from "./wire.ts";

/** The scope of the rules that guard a whole Server. The scope of a namespace with rules of its own is its name. */
export const SERVER_SCOPE = "*";

/** ms by which the clocks of two nodes may differ. */
export const CLOCK_SKEW = 5_000;

/** ms between two hellos of a node. */
const HEARTBEAT = 5_000;
/** A node also says hello so many ms after its start, because its adapter may not have subscribed before. */
const FIRST_HELLOS = [0, 50, 200, 500, 1_000, 2_000];
/** ms after which a silent node counts as gone. */
const SILENCE = 15_000;
/** ms for which a new node waits for the revocations of the others. */
const ACQUAINTANCE = 1_000;
/** ms within which every node has to answer. */
const DEADLINE = 10_000;
/** ms after which a node that has not answered is asked again. */
const AGAIN = 1_000;
/** Fewest ms for which a revocation is remembered, and told to nodes that were out of reach. */
const SHORTEST_MEMORY = 600_000;

/** What a node does with the users of one set of rules. */
export interface Branch {
  /** Ends the connections that were begun before it. */
  revoke(revocation: Revocation): void;
  devices(subject: string): Device[];
  /** The namespaces on this node that are guarded by these rules. */
  namespaces(): Namespace[];
}

/**
 * The nodes of a cluster that guard.
 *
 * A node says hello when it starts and every five seconds. A node that hears a new one tells it the revocations, so that the new
 * node knows what was revoked before its start. Two rules follow:
 *
 * - A revocation is confirmed when each node that has said hello has answered, and no other Socket.IO server of the cluster
 *   has a connection of that user.
 * - A session that another node has stored is restored only if the revocations which that node knew are known here (`covers`).
 */
export class Nodes {
  /** This server, in what it stores and says. */
  readonly id: string = crypto.randomUUID();
  readonly revocations: Revocations;
  readonly #wire: Wire;
  /** ms for which a session could still be recovered, a handshake could still end, or a silent node could still return. */
  readonly #memory: number;
  readonly #branches = new Map<string, Branch>();
  /** The present nodes, with the `performance.now()` at which each was last heard. */
  readonly #heard = new Map<string, number>();
  /** The nodes that have told this node their revocations. */
  readonly #tellers = new Set<string>();
  /** Nodes whose revocations are known here, with the `performance.now()` at which they were last heard of. */
  readonly #covered = new Map<string, number>();
  /** Collects the answers to each open question. */
  readonly #questions = new Map<string, Map<string, Device[]>>();
  readonly #news = new Signal();
  readonly #begun = performance.now();
  #dynamic = 0;
  /** How many Socket.IO servers at the last count were not nodes. */
  #strangers = 0;

  constructor(server: Server) {
    this.#wire = new Wire(server);
    const { maxDisconnectionDuration = 0 } = server._opts.connectionStateRecovery ?? {};
    const sessions = maxDisconnectionDuration + server.connectTimeout() + CLOCK_SKEW;
    this.#memory = Math.max(sessions, SHORTEST_MEMORY);
    this.revocations = new Revocations(this.#memory);
    this.#listen();
    const hello = () => void this.#sayHello();
    const timers = FIRST_HELLOS.map((ms) => setTimeout(hello, ms).unref());
    timers.push(setInterval(hello, HEARTBEAT).unref());
    const { close } = server;
    server.close = async (done) => {
      for (const timer of timers) clearTimeout(timer);
      const leaving = this.#wire.leave(this.id);
      await close.call(server, (error) => void leaving.then(() => done?.(error)));
      await leaving;
    };
  }

  /**
   * Answers for this node.
   *
   * @param name of the rules; undefined for those of a dynamic namespace: Socket.IO numbers these by process, and between
   * nodes they go by the order of these calls
   * @returns their scope
   */
  join(name: string | undefined, branch: Branch): string {
    const scope = name ?? `dynamic ${this.#dynamic++}`;
    this.#branches.set(scope, branch);
    return scope;
  }

  /**
   * Ends a user's connections on all nodes.
   *
   * @param gaveUp gets an error if one has not answered for as long as the revocation is remembered
   * @returns when all nodes have answered
   * @throws Error when one has not within ten seconds. It is asked on.
   */
  async revoke(
    scope: string,
    subject: string,
    reason: string,
    gaveUp: (error: unknown) => void,
  ): Promise<void> {
    const revocation: Revocation = { id: crypto.randomUUID(), scope, subject, reason, at: instant() };
    this.#apply(revocation);
    await this.#ask(revocation.id, {
      patience: this.#memory,
      ask: () => this.#wire.send("authsocket:revoke", { ...this.#tellable(revocation), from: this.id }),
      askStrangers: () => this.#endOnStrangers(revocation),
      gaveUp,
    });
  }

  /**
   * A user's connections on all nodes.
   *
   * @throws Error when a node has not answered within ten seconds
   */
  async devices(scope: string, subject: string): Promise<Device[]> {
    const id = crypto.randomUUID();
    const own = this.#devices(scope, subject);
    const others = await this.#ask(id, {
      patience: DEADLINE,
      ask: () => this.#wire.send("authsocket:devices", { id, from: this.id, scope, subject }),
      askStrangers: async () => {},
      gaveUp: () => {},
    });
    return [...own, ...others];
  }

  /** Whether all revocations that a node knows are known here. A new node waits until it has been told. */
  async covers(node: unknown): Promise<boolean> {
    if (node === this.id) return true;
    if (typeof node !== "string") return false;
    for (let left = ACQUAINTANCE; left > 0 && !this.#covered.has(node) && this.#wire.isShared; ) {
      left = this.#begun + ACQUAINTANCE - performance.now();
      if (left > 0) await this.#news.wait(left);
    }
    return this.#covered.has(node);
  }

  #listen(): void {
    const receive = <Event extends keyof Messages>(event: Event, hear: (message: Messages[Event]) => void) =>
      this.#wire.receive(event, (message) => {
        const { from } = message;
        if (typeof from === "string") this.#heard.set(from, performance.now());
        hear(message);
        this.#news.fire();
      });
    receive("authsocket:revoke", (message) => {
      this.#hearRevocation(message);
      const { id, from } = message;
      if (id && from) void this.#wire.send("authsocket:answer", { id, from: this.id, devices: [] });
    });
    receive("authsocket:devices", ({ id, scope, subject }) => {
      const devices = this.#devices(scope, subject);
      void this.#wire.send("authsocket:answer", { id, from: this.id, devices });
    });
    receive("authsocket:answer", ({ id, from, devices }) => void this.#questions.get(id)?.set(from, devices));
    receive("authsocket:hello", ({ from, tellers }) => {
      if (!tellers.includes(this.id)) this.#tell(from);
      if (!this.#tellers.has(from)) void this.#sayHello();
    });
    receive("authsocket:told", (told) => {
      if (told.to === this.id) this.#learn(told);
    });
    receive("authsocket:bye", ({ from }) => {
      this.#forget(from);
      // Its connections have ended too.
      for (const answers of this.#questions.values()) answers.set(from, answers.get(from) ?? []);
    });
  }

  #hearRevocation(message: Messages["authsocket:revoke"]): void {
    const { id = crypto.randomUUID(), scope = SERVER_SCOPE, subject, reason = "", ago = 0 } = message;
    // By this node's clock. Another clock may be behind, and would spare users who have connected since.
    if (typeof subject === "string") this.#apply({ id, scope, subject, reason, at: instant() - ago });
  }

  #apply(revocation: Revocation): void {
    if (this.revocations.remember(revocation)) this.#branches.get(revocation.scope)?.revoke(revocation);
  }

  #devices(scope: string, subject: string): Device[] {
    return this.#branches.get(scope)?.devices(subject) ?? [];
  }

  #tellable({ at, ...revocation }: Revocation): Messages["authsocket:revoke"] {
    return { ...revocation, ago: Math.max(0, instant() - at) };
  }

  async #sayHello(): Promise<void> {
    const now = performance.now();
    // A node that was cut off and comes back is told again what it has not heard.
    for (const [node, at] of this.#heard) if (now - at > SILENCE) this.#forget(node);
    for (const node of this.#tellers) this.#covered.set(node, now);
    for (const [node, at] of this.#covered) if (now - at > this.#memory) this.#covered.delete(node);
    await this.#wire.send("authsocket:hello", { from: this.id, tellers: [...this.#tellers] });
  }

  #forget(node: string): void {
    this.#heard.delete(node);
    this.#tellers.delete(node);
  }

  #tell(to: string): void {
    const now = performance.now();
    const covered = Object.fromEntries([...this.#covered].map(([node, at]) => [node, now - at]));
    void this.#wire.send("authsocket:told", {
      to,
      from: this.id,
      revocations: this.revocations.all.map((revocation) => this.#tellable(revocation)),
      covered: { ...covered, [this.id]: 0 },
    });
  }

  #learn({ from, revocations, covered }: Messages["authsocket:told"]): void {
    for (const revocation of revocations) this.#hearRevocation(revocation);
    const now = performance.now();
    for (const [node, ago] of Object.entries(covered)) {
      this.#covered.set(node, Math.max(now - ago, this.#covered.get(node) ?? Number.NEGATIVE_INFINITY));
    }
    this.#tellers.add(from);
  }

  /** Asks all nodes, and again those that do not answer. */
  async #ask(id: string, question: Question): Promise<Device[]> {
    if (!this.#wire.isShared) return [];
    const answers = new Map<string, Device[]>();
    this.#questions.set(id, answers);
    const asking = this.#askUntilAnswered(answers, question).finally(() => this.#questions.delete(id));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const error = new Error(
        `Not all servers of the cluster have answered within ${DEADLINE / 1_000} s. Check that each of them runs and reaches ` +
          "the adapter's broker",
      );
      timer = setTimeout(() => reject(error), DEADLINE);
    });
    try {
      return await Promise.race([asking, late]);
    } finally {
      clearTimeout(timer);
      // It goes on. The caller has already been told that it is late.
      asking.catch(question.gaveUp);
    }
  }

  async #askUntilAnswered(answers: Map<string, Device[]>, question: Question): Promise<Device[]> {
    const until = performance.now() + question.patience;
    const asked = new Set<string>();
    const haveAnswered = () => [...asked].every((node) => answers.has(node));
    while (performance.now() < until) {
      await question.ask();
      for (const node of this.#heard.keys()) asked.add(node);
      const again = performance.now() + AGAIN;
      for (let left = AGAIN; left > 0 && !haveAnswered(); left = again - performance.now()) {
        await this.#news.wait(left);
      }
      if (!haveAnswered()) continue;
      const strangers = await this.#countStrangers(answers.size);
      if (strangers === 0) return [...answers.values()].flat();
      // A guarding server may not have been heard yet. It gets the time to say hello, once.
      if (strangers !== undefined && strangers === this.#strangers) {
        if (await succeeds(question.askStrangers())) return [...answers.values()].flat();
      } else if (strangers !== undefined) {
        this.#strangers = strangers;
        void this.#sayHello();
      }
      await this.#news.wait(AGAIN);
    }
    throw new Error(
      `Not all servers of the cluster have answered for ${question.patience / 60_000} minutes, and this server has given up. ` +
        "They may still have connections of this user",
    );
  }

  /** How many Socket.IO servers have not answered, because they are not nodes or not known yet; undefined if it is not known. */
  async #countStrangers(answered: number): Promise<number | undefined> {
    try {
      const servers = await this.#wire.count();
      return servers === undefined ? 0 : Math.max(0, servers - 1 - answered);
    } catch {
      return undefined;
    }
  }

  /**
   * Ends a user's connections on Socket.IO servers that are not nodes, such as those with another version of this package. It
   * uses what any Socket.IO server understands.
   *
   * @throws Error when one does not answer, or had connections of that user: ask again whether it still has
   */
  async #endOnStrangers({ scope, subject, reason }: Revocation): Promise<void> {
    for (const namespace of this.#branches.get(scope)?.namespaces() ?? []) {
      const sockets = await namespace.in(userRoom(subject)).fetchSockets();
      // If they belong to a node, the node has answered. The app may have put other sockets into the room.
      const ids = sockets
        .filter(({ id, data }) => !namespace.sockets.has(id) && Object(data).auth?.subject === subject)
        .map(({ id }) => id);
      if (ids.length === 0) continue;
      // Volatile, so that recovery does not store it.
      namespace.in(ids).volatile.emit(REVOKED_EVENT, { reason });
      namespace.in(ids).disconnectSockets();
      throw new Error(`${ids.length} connections were still open`);
    }
  }
}

interface Question {
  /** ms for which it is asked again */
  patience: number;
  ask(): Promise<unknown>;
  /** Asks servers that are not nodes. A rejection is tried again. */
  askStrangers(): Promise<void>;
  /** Gets an error when the patience is over. */
  gaveUp(error: unknown): void;
}

async function succeeds(attempt: Promise<void>): Promise<boolean> {
  return attempt.then(
    () => true,
    () => false,
  );
}
