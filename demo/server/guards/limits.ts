import type { Request, Response } from "express";
import type { Store } from "../stores/store.ts";
import { RateLimit } from "./rate-limit.ts";

/** Each is a number of attempts in a minute. */
export interface LimitOptions {
  /** default 100 */
  signInsPerAddress?: number;
  /** Failed sign-ins. default 10 */
  signInsPerAccount?: number;
  /** default 600 */
  refreshesPerAddress?: number;
  /** default 120 */
  refreshesPerFamily?: number;
}

/** The rate limits of sign-in and refresh. */
export class Limits {
  readonly signInsPerAddress: RateLimit;
  readonly signInsPerAccount: RateLimit;
  readonly refreshesPerAddress: RateLimit;
  readonly refreshesPerFamily: RateLimit;

  constructor(store: Store, options: LimitOptions = {}) {
    const limit = (name: keyof LimitOptions, fallback: number): RateLimit =>
      new RateLimit(store, { name, limit: options[name] ?? fallback });
    this.signInsPerAddress = limit("signInsPerAddress", 100);
    this.signInsPerAccount = limit("signInsPerAccount", 10);
    this.refreshesPerAddress = limit("refreshesPerAddress", 600);
    this.refreshesPerFamily = limit("refreshesPerFamily", 120);
  }
}

/** What is counted: whose attempt it is, at which limit. */
type Counts = readonly (readonly [limit: RateLimit, key: string])[];

/** Counts an attempt against each limit, in order. Answers 0 if all allow it, else how long to wait, in ms. */
export async function waitFor(counts: Counts): Promise<number> {
  for (const [limit, key] of counts) {
    const wait = await limit.take(key);
    if (wait > 0) return wait;
  }
  return 0;
}

/** @param wait ms */
export function refuseLimited(response: Response, wait: number): void {
  limited(response, wait).json({ error: "Too many attempts: try again later" });
}

/** The response to one attempt too many, without a body yet. `wait` is in ms. */
export function limited(response: Response, wait: number): Response {
  return response.status(429).set("Retry-After", String(Math.ceil(wait / 1000)));
}

/**
 * The same as `waitFor`. True when a limit is exceeded: the request has then been answered.
 *
 * @example
 * if (await isLimited(response, [[limits.refreshesPerAddress, address]])) return;
 */
export async function isLimited(response: Response, counts: Counts): Promise<boolean> {
  const wait = await waitFor(counts);
  if (wait > 0) refuseLimited(response, wait);
  return wait > 0;
}

/** The client's address. With `trust proxy`, the one that the proxy names. */
export function addressOf(request: Request): string {
  return request.ip ?? "unknown";
}
