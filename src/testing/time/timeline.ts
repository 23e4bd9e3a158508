/** How the time of a test goes on. */
export interface Timeline {
  /** Runs the timers that are due at this instant. */
  flush(): Promise<void>;
  /**
   * Lets time pass, from timer to timer.
   *
   * @param calm awaited after each, so that what it has brought about is done before time goes on
   */
  advance(ms: number, calm: () => Promise<void>): Promise<void>;
  close(): void;
}
