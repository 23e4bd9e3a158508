import type { SignIn } from "./accounts.ts";
import type { Deliveries } from "./wire/deliveries.ts";

/** One request that reached the refresh endpoint and was answered. */
export interface RefreshCall {
  /** when it arrived, in ms since the epoch */
  at: number;
  /** who asked; undefined if the server does not know them */
  subject: string | undefined;
  status: number;
}

/** A request as the endpoint sees it. */
export interface RefreshCallRequest {
  refreshToken: string | undefined;
  /** Whom the request names if it has no refresh token, as a cookie does. */
  signIn: SignIn | undefined;
  /** Whether to extend the cookie's session, without a token. */
  isCookieSession: boolean;
  signal: AbortSignal | undefined;
}

export interface RefreshAnswer {
  status: number;
  body: unknown;
}

/** What the endpoint needs of the server. */
export interface RefreshContext {
  readonly deliveries: Deliveries;
  /** Whether there is a way to it. */
  isOnline(): boolean;
  /** Who asks. */
  subject(request: RefreshCallRequest): string | undefined;
  /** What it answers when it works. */
  answer(request: RefreshCallRequest): RefreshAnswer;
}

interface Waiting {
  readonly request: RefreshCallRequest;
  /** when it arrived, in ms since the epoch */
  arrivedAt: number;
  status: "sent" | "arrived" | "answered";
  resolve(answer: RefreshAnswer): void;
  reject(error: unknown): void;
}

/** The refresh endpoint and its faults. A fault lasts until `work()`. */
export class TestRefresh {
  /** The answered requests, in the order of the answers. */
  readonly calls: readonly RefreshCall[];
  readonly #calls: RefreshCall[] = [];
  readonly #context: RefreshContext;
  readonly #waiting = new Set<Waiting>();
  readonly #timers = new Map<Waiting, ReturnType<typeof setTimeout>>();
  #failure: { status: number; body: unknown } | undefined;
  #isHanging = false;
  #delay = 0;

  /** @internal */
  constructor(context: RefreshContext) {
    this.#context = context;
    this.calls = this.#calls;
  }

  /** How many requests wait for their answer. */
  get pending(): number {
    return this.#waiting.size;
  }

  /**
   * Answers every request with this status.
   *
   * @param status 400 to 599, or 0 for no answer at all, as with a CORS error. Default: 500
   * @param body JSON, such as `{ error: "invalid_grant" }`
   */
  fail(status = 500, body: unknown = {}): void {
    if (status !== 0 && !(Number.isInteger(status) && status >= 400 && status <= 599)) {
      throw new RangeError(`refresh.fail() takes 0 or a status from 400 to 599, not ${status}`);
    }
    this.#failure = { status, body };
    this.#isHanging = false;
    this.#goOn();
  }

  /** Answers no request. `work()` then answers those that are still waiting. */
  hang(): void {
    this.#isHanging = true;
  }

  /** Takes so many ms for each answer. */
  slow(ms: number): void {
    if (!(ms >= 0 && ms < 2 ** 31)) throw new RangeError(`refresh.slow() takes a number of ms, not ${ms}`);
    this.#delay = ms;
  }

  /** Ends the fault: the endpoint answers at once again, also the requests that are still waiting. */
  work(): void {
    this.#failure = undefined;
    this.#isHanging = false;
    this.#delay = 0;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#goOn();
  }

  /** @throws TypeError without a network, as `fetch` does; the signal's reason */
  request(request: RefreshCallRequest): Promise<RefreshAnswer> {
    return new Promise((resolve, reject) => {
      const { signal } = request;
      const abort = () => waiting.reject(signal?.reason);
      const over = <T>(settle: (value: T) => void) => {
        return (value: T) => {
          signal?.removeEventListener("abort", abort);
          this.#waiting.delete(waiting);
          clearTimeout(this.#timers.get(waiting));
          this.#timers.delete(waiting);
          settle(value);
        };
      };
      const waiting: Waiting = {
        request,
        arrivedAt: 0,
        status: "sent",
        resolve: over(resolve),
        reject: over(reject),
      };
      this.#waiting.add(waiting);
      if (signal?.aborted) abort();
      else signal?.addEventListener("abort", abort);
      this.#context.deliveries.send(() => {
        waiting.arrivedAt = Date.now();
        waiting.status = "arrived";
        this.#handle(waiting);
      });
    });
  }

  /** Every request that still waits fails. */
  close(): void {
    this.disconnect();
    this.#isHanging = true;
  }

  /** The network is gone: the waiting requests get no answer. */
  disconnect(): void {
    for (const { reject } of [...this.#waiting]) reject(new TypeError("Failed to fetch"));
  }

  #goOn(): void {
    for (const waiting of [...this.#waiting]) if (waiting.status === "arrived") this.#handle(waiting);
  }

  #handle(waiting: Waiting): void {
    if (!this.#waiting.has(waiting) || this.#timers.has(waiting)) return;
    if (!this.#context.isOnline()) waiting.reject(new TypeError("Failed to fetch"));
    else if (this.#isHanging) return;
    else if (this.#delay === 0) this.#answer(waiting);
    else
      this.#timers.set(
        waiting,
        setTimeout(() => {
          this.#timers.delete(waiting);
          if (!this.#isHanging) this.#answer(waiting);
        }, this.#delay),
      );
  }

  #answer(waiting: Waiting): void {
    waiting.status = "answered";
    if (this.#failure?.status === 0) {
      waiting.reject(new TypeError("Failed to fetch"));
      return;
    }
    const { request, arrivedAt } = waiting;
    const call = { at: arrivedAt, subject: this.#context.subject(request) };
    const answer = this.#failure ?? this.#context.answer(request);
    this.#calls.push({ ...call, status: answer.status });
    this.#context.deliveries.send(() => waiting.resolve(answer));
  }
}
