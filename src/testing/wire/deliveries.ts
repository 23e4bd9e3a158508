import { nativeTask, throwLater } from "../time/native-task.ts";

/** Microtasks that follow a delivery before the next: more than the promises of any client between an answer and its next word. */
const TURNS = 64;

/** Deliveries after which the event loop has its turn again, should they never end. */
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
