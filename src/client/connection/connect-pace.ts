/** So many calls of `connect()` in so many ms are not put off. */
const CALLS = 3;
const SPAN = 10_000;

/** How often the app may connect a socket that the server keeps disconnecting: its own loop would go on for ever (T13). */
export class ConnectPace {
  /** When it has connected lately. */
  #calls: readonly number[] = [];

  /** When the next connect may go out; undefined: now, and it counts. */
  putOffUntil(now: number): number | undefined {
    const recent = this.#calls.filter((at) => at <= now && now - at < SPAN);
    const [oldest] = recent;
    if (recent.length >= CALLS && oldest !== undefined) return oldest + SPAN;
    this.#calls = [...recent, now];
    return undefined;
  }
}
