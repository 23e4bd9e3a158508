import type { Scheduler } from "./scheduler.ts";

const EPOCH = Date.UTC(2026, 0, 1);

/** The user's machine, which all tabs run on: its wall clock, its network, its browser's cookies. */
export class Computer {
  /** ms by which its wall clock is wrong */
  skew = 0;
  /** when its clock was set last, in ms of the scheduler */
  setAt = 0;
  isOnline = true;
  onlineSince = 0;
  /** The HttpOnly refresh cookie; `issued` orders the servers' answers. */
  cookie: { value: string | undefined; issued: number } = { value: undefined, issued: 0 };
  readonly #scheduler: Scheduler;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** ms since the epoch, as the machine believes. */
  now(): number {
    return trueTime(this.#scheduler) + this.skew;
  }
}

/** ms since the epoch, by the server's clock, which is right. */
export function trueTime(scheduler: Scheduler): number {
  return EPOCH + scheduler.time;
}
