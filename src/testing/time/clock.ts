/** The time that a part of the server goes by. */
export interface Clock {
  /** ms since the epoch */
  now(): number;
  /** @param ms less than 2^31 (T19) */
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

/** The global timers and `Date`, looked up at each call: those of a test come and go. */
export const globalClock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
};
