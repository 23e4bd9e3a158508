import { nativeTask, throwLater } from "../time/native-task.ts";

/**
 * How many microtasks run between two deliveries. They are more than a client needs, from the arrival of an answer, to send what
 * follows from it.
 */
const TURNS = 64;

/** After so many deliveries the event loop goes on, so that a client that never stops sending does not block it. */
const BATCH = 256;

/**
 * What is on its way, in the order of sending. It is delivered in a real task, even with fake timers, and its effects follow in
 * microtasks. So an exchange ends before fake timers run the next timer.
 */
export class Deliveries {
  /** How many have arrived. */
  count = 0;
  readonly #queue: (() => void | Promise<void>)[] = [];
  #isUnderWay = false;

  get isIdle(): boolean {
    return !this.#isUnderWay;
  }

  send(deliver: () => void | Promise<void>): void {
    this.#queue.push(deliver);
    if (!this.#isUnderWay) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isUnderWay = true;
    await nativeTask();
    for (let deliver = this.#queue.shift(); deliver; deliver = this.#queue.shift()) {
      this.count++;
      try {
        await deliver();
      } catch (error) {
        throwLater(error);
      }
      for (let turn = 0; turn < TURNS; turn++) await undefined;
      if (this.count % BATCH === 0) await nativeTask();
    }
    this.#isUnderWay = false;
  }
}
