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
  order: number;
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
  readonly #queue: Happening[] = [];
  readonly #channels = new Map<string, number>();
  #order = 0;

  schedule(delay: number, run: () => void, actor?: Actor, channel?: string): Happening {
    const happening = { at: this.time + delay, order: 0, isCancelled: false, run, actor, channel };
    this.#push(happening);
    return happening;
  }

  /** Lets happen, in the order in which it would have, what was held back. */
  release(actor: Actor, delay: (happening: Happening) => number): void {
    const held = actor.held.splice(0);
    const channels = new Set(held.map(({ channel }) => channel));
    const isBehind = (happening: Happening) => happening.actor === actor && channels.has(happening.channel);
    const behind = this.#queue.filter((happening) => happening.channel !== undefined && isBehind(happening));
    for (const happening of behind) this.#queue.splice(this.#queue.indexOf(happening), 1);
    for (const happening of held) {
      happening.at = this.time + delay(happening);
      this.#push(happening);
    }
    for (const happening of behind.reverse()) this.#push(happening);
  }

  /** @returns false when nothing happens until then any more */
  async step(until: number): Promise<boolean> {
    for (let next = this.#queue.pop(); next; next = this.#queue.pop()) {
      if (next.at > until) {
        this.#queue.push(next);
        break;
      }
      const { actor, isCancelled, run } = next;
      if (isCancelled || actor?.isGone) continue;
      if (actor?.isFrozen) {
        actor.held.push(next);
        continue;
      }
      if (this.#order > MOST) throw new Error(`still busy after ${MOST} happenings`);
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

  /** The earliest stands last. */
  #push(happening: Happening): void {
    const { channel } = happening;
    if (channel !== undefined) {
      happening.at = Math.max(happening.at, this.#channels.get(channel) ?? 0);
      this.#channels.set(channel, happening.at);
    }
    happening.order = ++this.#order;
    let index = this.#queue.length;
    for (
      let other = this.#queue[index - 1];
      other && other.at <= happening.at;
      other = this.#queue[index - 1]
    ) {
      index--;
    }
    this.#queue.splice(index, 0, happening);
  }
}
