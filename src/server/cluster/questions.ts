import type { Device } from "../user-sockets.ts";
import type { Membership } from "./membership.ts";
import type { Signal } from "./signal.ts";
import { countUnguardedServers } from "./unguarded-servers.ts";
import type { Wire } from "./wire.ts";

/** ms within which every node has to answer. */
export const ANSWER_DEADLINE = 10_000;
/** ms after which a node that has not answered is asked again. */
const AGAIN = 1_000;

/** Something that every node has to answer. */
export interface Question {
  id: string;
  /** ms for which it is asked again */
  patience: number;
  ask(): Promise<unknown>;
  /** Asks servers that are not nodes. A rejection is tried again. */
  askUnguardedServers(): Promise<void>;
  /** Gets an error when it is no longer asked, if its caller has been told before that it is late. */
  gaveUp(error: unknown): void;
}

/** A question that is asked. */
interface Asking {
  asked: Set<string>;
  /** By the node that has given them. */
  answers: Map<string, Device[]>;
}

/** Asks all nodes, and again those that do not answer. */
export class Questions {
  readonly #wire: Wire;
  readonly #membership: Membership;
  readonly #news: Signal;
  /** By the id of the question. */
  readonly #open = new Map<string, Asking>();
  /** How many Socket.IO servers at the last count were not nodes. */
  #unguardedServers = 0;

  constructor(wire: Wire, membership: Membership, news: Signal) {
    this.#wire = wire;
    this.#membership = membership;
    this.#news = news;
  }

  /**
   * @returns the answers of all nodes
   * @throws Error if a node has not answered within ten seconds. It is asked until the question's patience is over.
   */
  async ask(question: Question): Promise<Device[]> {
    if (!this.#wire.isShared) return [];
    const open: Asking = { asked: new Set(), answers: new Map() };
    this.#open.set(question.id, open);
    const asking = this.#askUntilAnswered(open, question).finally(() => this.#open.delete(question.id));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const goesOn = question.patience > ANSWER_DEADLINE ? "This server keeps asking them. " : "";
      const error = new Error(
        `Not all servers of the cluster have answered within ${ANSWER_DEADLINE / 1_000} s. ${goesOn}Check that each of them runs ` +
          "and reaches the adapter's broker",
      );
      timer = setTimeout(() => {
        reject(error);
        // It goes on. The caller has already been told that it is late.
        asking.catch(question.gaveUp);
      }, ANSWER_DEADLINE);
    });
    try {
      return await Promise.race([asking, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  answered(id: string, by: string, devices: Device[]): void {
    this.#open.get(id)?.answers.set(by, devices);
  }

  /** A node has closed. Its connections have ended too, so it need not answer. The adapter does not count it any more. */
  left(node: string): void {
    for (const { asked, answers } of this.#open.values()) {
      asked.delete(node);
      answers.delete(node);
    }
  }

  async #askUntilAnswered({ asked, answers }: Asking, question: Question): Promise<Device[]> {
    const until = performance.now() + question.patience;
    const haveAnswered = () => [...asked].every((node) => answers.has(node));
    while (performance.now() < until) {
      if (this.#wire.isLeaving)
        throw new Error("This server was closed before all servers of the cluster had answered");
      await question.ask();
      for (const node of this.#membership.present) asked.add(node);
      const again = performance.now() + AGAIN;
      for (let left = AGAIN; left > 0 && !haveAnswered(); left = again - performance.now()) {
        await this.#news.wait(left);
      }
      if (!haveAnswered()) continue;
      const unguarded = await countUnguardedServers(this.#wire, answers.size);
      if (unguarded === 0) return [...answers.values()].flat();
      // A guarding server may not have been heard yet. It gets the time to say hello, once.
      if (unguarded !== undefined && unguarded === this.#unguardedServers) {
        if (await succeeds(question.askUnguardedServers())) return [...answers.values()].flat();
      } else if (unguarded !== undefined) {
        this.#unguardedServers = unguarded;
        void this.#membership.sayHello();
      }
      await this.#news.wait(AGAIN);
    }
    throw new Error(
      `Not all servers of the cluster have answered for ${question.patience / 60_000} minutes, and this server has given up. ` +
        "They may still have connections of this user",
    );
  }
}

async function succeeds(attempt: Promise<void>): Promise<boolean> {
  return attempt.then(
    () => true,
    () => false,
  );
}
