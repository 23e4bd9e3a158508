/** So many calls of `connect()` in so many ms are not put off. */
const CALLS = 3;
const SPAN = 10_000;

/**
 * How often the app may connect a socket that the server keeps refusing or disconnecting: its own loop would go on for ever
 * (T13). A socket that the server accepts may be left and connected as often as the app likes.
 */
export class ConnectPace {
  #status: "free" | "failed" = "free";
  /** When it has connected lately. */
  #calls: readonly number[] = [];

  /** The last attempt has come to nothing, also where the app has left since. */
  failed(): void {
    this.#status = "failed";
  }

  accepted(): void {
    this.#status = "free";
  }

  /** When the next connect may go out; undefined: now, and it counts. */
  putOffUntil(now: number): number | undefined {
    if (this.#status === "free") return undefined;
    const recent = this.#calls.filter((at) => at <= now && now - at < SPAN);
    const [oldest] = recent;
    if (recent.length >= CALLS && oldest !== undefined) return oldest + SPAN;
    this.#calls = [...recent, now];
    return undefined;
  }
}
