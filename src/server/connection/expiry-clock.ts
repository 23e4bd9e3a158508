/** Something that is to happen at an instant of the wall clock. */
export interface Alarm {
  /** ms since the epoch */
  at: number;
  /** Its place in the clock's heap; the clock's own. */
  place: number;
  ring(): void;
}

/** ms between two looks at the wall clock, which notice a clock that was set forward or a process that was suspended (V2). */
const STEP = 500;

/**
 * Rings alarms by the wall clock, normally to the millisecond, and within half a second if the clock jumps. One timer serves all
 * connections. It is never longer than a step (T19), and does not keep the process alive.
 */
export class ExpiryClock {
  /** A binary heap, the earliest alarm first: renewals move alarms all the time. */
  readonly #heap: Alarm[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** When the timer fires, in the time of `performance.now()`. */
  #wakesAt = Number.POSITIVE_INFINITY;

  /** Sets an alarm, or moves one that is set. */
  set(alarm: Alarm, at: number): void {
    this.clear(alarm);
    alarm.at = at;
    this.#heap.push(alarm);
    this.#rise(alarm, this.#heap.length - 1);
    this.#arm();
  }

  clear(alarm: Alarm): void {
    if (this.#heap[alarm.place] !== alarm) return;
    const last = this.#heap.pop();
    const { place } = alarm;
    alarm.place = -1;
    if (this.#heap.length === 0) this.#disarm();
    if (last === undefined || last === alarm) return;
    this.#rise(last, place);
    this.#sink(last, last.place);
  }

  #arm(): void {
    const first = this.#heap[0];
    const now = performance.now();
    if (!first) {
      this.#disarm();
      return;
    }
    const wait = Math.min(Math.max(first.at - Date.now(), 0), STEP);
    // A renewal moves one alarm far away. The timer that is set stays as it is, unless it is overdue.
    if (this.#wakesAt <= now + wait && this.#wakesAt > now - STEP) return;
    clearTimeout(this.#timer);
    this.#wakesAt = now + wait;
    this.#timer = setTimeout(() => this.#wake(), wait).unref();
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#wakesAt = Number.POSITIVE_INFINITY;
  }

  #wake(): void {
    this.#wakesAt = Number.POSITIVE_INFINITY;
    try {
      for (let first = this.#heap[0]; first && first.at <= Date.now(); first = this.#heap[0]) {
        this.clear(first);
        first.ring();
      }
    } finally {
      // Also if one has thrown: the others ring at the next turn.
      this.#arm();
    }
  }

  #rise(alarm: Alarm, from: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = this.#heap[parent];
      if (above === undefined || above.at <= alarm.at) break;
      this.#put(above, place);
      place = parent;
    }
    this.#put(alarm, place);
  }

  #sink(alarm: Alarm, from: number): void {
    let place = from;
    for (;;) {
      const left = this.#heap[2 * place + 1];
      const right = this.#heap[2 * place + 2];
      const earlier = right && left && right.at < left.at ? right : left;
      if (earlier === undefined || earlier.at >= alarm.at) break;
      const { place: below } = earlier;
      this.#put(earlier, place);
      place = below;
    }
    this.#put(alarm, place);
  }

  #put(alarm: Alarm, place: number): void {
    this.#heap[place] = alarm;
    alarm.place = place;
  }
}
