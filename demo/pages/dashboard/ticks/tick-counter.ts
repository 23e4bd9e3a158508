/** What became of the server's numbered ticks, one a second to each user, since sign-in. */
export interface TickCount {
  /** The highest number seen, or null before the first. */
  readonly last: number | null;
  readonly received: number;
  readonly duplicated: number;
  /** Numbers passed over and not seen yet. */
  readonly missing: ReadonlySet<number>;
}

export const noTicks: TickCount = { last: null, received: 0, duplicated: 0, missing: new Set() };

/** Counts tick `n`. A late tick makes good its own gap; one that was seen before is a duplicate. */
export function countTick(count: TickCount, n: number): TickCount {
  if (count.last === null) return { ...count, last: n, received: 1 };
  if (n > count.last) {
    const missing =
      n === count.last + 1 ? count.missing : new Set([...count.missing, ...between(count.last, n)]);
    return { ...count, last: n, received: count.received + 1, missing };
  }
  if (!count.missing.has(n)) return { ...count, duplicated: count.duplicated + 1 };
  const missing = new Set(count.missing);
  missing.delete(n);
  return { ...count, received: count.received + 1, missing };
}

/**
 * Notes that the server starts at tick `from`: without it, a first tick that never came would not be missed.
 * Later starts change nothing, since the gap shows at the next tick.
 */
export function startTicks(count: TickCount, from: number): TickCount {
  return count.last === null ? { ...count, last: from - 1 } : count;
}

function* between(low: number, high: number): Generator<number> {
  for (let n = low + 1; n < high; n++) yield n;
}
