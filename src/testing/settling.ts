import { nativeTask } from "./time/native-task.ts";
import type { Timeline } from "./time/timeline.ts";
import type { Deliveries } from "./wire/deliveries.ts";

/** After so many tasks in a row without an event, all is settled. The app's own promises may take some. */
const QUIET = 4;

/** After so many deliveries, a test that waits for the end gets an error, within a second or two. Load tests send thousands. */
const MOST = 100_000;

/** Waits until nothing more happens, and lets time pass. */
export class Settling {
  readonly #deliveries: Deliveries;
  readonly #timeline: Timeline;
  readonly #describe: () => string;

  /** @param describe the clients and their states, for people */
  constructor(deliveries: Deliveries, timeline: Timeline, describe: () => string) {
    this.#deliveries = deliveries;
    this.#timeline = timeline;
    this.#describe = describe;
  }

  /** @throws Error if client and server do not stop sending */
  async settled(): Promise<void> {
    const deliveries = this.#deliveries;
    const check = this.#limit("settled()");
    for (let quiet = 0; quiet < QUIET; ) {
      const before = deliveries.count;
      await nativeTask();
      await this.#timeline.flush();
      quiet = deliveries.isIdle && deliveries.count === before ? quiet + 1 : 0;
      check();
    }
  }

  /** @throws RangeError for a number of ms that is none; Error if client and server do not stop sending after a timer */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0 && ms < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`clock.advance() takes a number of ms, not ${ms}`);
    }
    await this.settled();
    await this.#timeline.advance(ms, () => this.#calm(this.#limit("clock.advance()")));
    await this.settled();
  }

  /** Gives the global timers back, once nothing is on its way any more. */
  async close(): Promise<void> {
    await this.#calm();
    this.#timeline.close();
  }

  async #calm(check = () => {}): Promise<void> {
    do {
      await nativeTask();
      check();
    } while (!this.#deliveries.isIdle);
  }

  /** @returns a check that throws if client and server have sent too much since */
  #limit(call: string): () => void {
    const start = this.#deliveries.count;
    return () => {
      if (this.#deliveries.count - start <= MOST) return;
      throw new Error(
        `${call} gave up after ${MOST} messages: client and server do not stop sending. ${this.#describe()}`,
      );
    };
  }
}
