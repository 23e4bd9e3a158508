/** What waits for its time: the earliest comes first, and of several for one instant the one that was added first. */
export class TimerQueue<Timer extends { readonly at: number }> {
  /** The next one stands last. */
  readonly #timers: Timer[] = [];

  get size(): number {
    return this.#timers.length;
  }

  get next(): Timer | undefined {
    return this.#timers[this.#timers.length - 1];
  }

  add(timer: Timer): void {
    this.#timers.splice(this.#placeOf(timer.at), 0, timer);
  }

  /** Removes it, if it is there. */
  delete(timer: Timer): void {
    const index = this.#timers.indexOf(timer, this.#placeOf(timer.at));
    if (index >= 0) this.#timers.splice(index, 1);
  }

  /** Removes and returns the next one if it is due by then. */
  take(until: number): Timer | undefined {
    const { next } = this;
    return next && next.at <= until ? this.#timers.pop() : undefined;
  }

  /** Removes and returns those that the condition holds for, in their order. The condition is for test/simulation. */
  takeAll(isMeant: (timer: Timer) => boolean = () => true): Timer[] {
    const all = this.#timers.splice(0).reverse();
    for (const timer of all) if (!isMeant(timer)) this.add(timer);
    return all.filter(isMeant);
  }

  /** Where those stand that come no later. */
  #placeOf(at: number): number {
    let [low, high] = [0, this.#timers.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (Number(this.#timers[middle]?.at) > at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
