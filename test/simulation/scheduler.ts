import { TimerQueue } from "../../src/testing/time/timer-queue.ts";

/** One for whom things happen, or do not: a tab. */
export interface Actor {
  readonly name: string;
  readonly isFrozen: boolean;
  readonly isGone: boolean;
  /** What is to happen as soon as it is no longer frozen. */
  readonly held: Happening[];
}

export interface Happening {
  at: number;
  isCancelled: boolean;
  readonly run: () => void;
  readonly actor: Actor | undefined;
  /** Happenings of one channel keep their order. */
  readonly channel: string | undefined;
}

/** More happenings than any run has use for: a loop. */
const MOST = 60_000;

/** Virtual time: one thing happens after the other, and whatever follows from it in the same task is done before the next. */
export class Scheduler {
  /** ms since the beginning; it never goes back. */
  time = 0;
  /** For whom something is happening at the moment. */
  current: Actor | undefined;
  readonly #queue = new TimerQueue<Happening>();
  readonly #channels = new Map<string, number>();
  #count = 0;

  schedule(delay: number, run: () => void, actor?: Actor, channel?: string): Happening {
    const happening = { at: this.time + delay, isCancelled: false, run, actor, channel };
    this.#push(happening);
    return happening;
  }

  /** Lets happen, in the order in which it would have, what was held back. */
  release(actor: Actor, delay: (happening: Happening) => number): void {
    const held = actor.held.splice(0);
    const channels = new Set(held.map(({ channel }) => channel));
    const behind = this.#queue.takeAll(
      ({ actor: its, channel }) => its === actor && channel !== undefined && channels.has(channel),
    );
    for (const happening of held) {
      happening.at = this.time + delay(happening);
      this.#push(happening);
    }
    for (const happening of behind) this.#push(happening);
  }

  /** @returns false when nothing happens until then any more */
  async step(until: number): Promise<boolean> {
    for (let next = this.#queue.take(until); next; next = this.#queue.take(until)) {
      const { actor, isCancelled, run } = next;
      if (isCancelled || actor?.isGone) continue;
      if (actor?.isFrozen) {
        actor.held.push(next);
        continue;
      }
      if (++this.#count > MOST) throw new Error(`still busy after ${MOST} happenings`);
      this.time = next.at;
      this.current = actor;
      run();
      await new Promise(setImmediate);
      this.current = undefined;
      return true;
    }
    this.time = until;
    return false;
  }

  #push(happening: Happening): void {
    const { channel } = happening;
    if (channel !== undefined) {
      happening.at = Math.max(happening.at, this.#channels.get(channel) ?? 0);
      this.#channels.set(channel, happening.at);
    }
    this.#queue.add(happening);
  }
}
