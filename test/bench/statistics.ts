/** A summary of all repetitions. */
export interface Summary {
  median: number;
  /** the quartiles: half of all values lie between them */
  low: number;
  high: number;
}

/**
 * The value below which a share of all values lies, interpolated between its neighbours.
 *
 * @param share from 0 to 1
 * @throws RangeError when there are no values
 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = share * (sorted.length - 1);
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  if (below === undefined || above === undefined) throw new RangeError("there are no values");
  return below + (above - below) * (position - Math.floor(position));
}

export function summarise(values: readonly number[]): Summary {
  return { median: quantile(values, 0.5), low: quantile(values, 0.25), high: quantile(values, 0.75) };
}

/** Ratios, repetition by repetition: both values were measured at the same time, under the same conditions. */
export function ratios(values: readonly number[], base: readonly number[]): number[] {
  if (values.length !== base.length) throw new RangeError("both need the same repetitions");
  return values.map((value, repetition) => value / (base[repetition] ?? Number.NaN));
}

/** Divides time into spans of `width`, and returns the highest number of instants in one of them. */
export function peak(instants: readonly number[], width: number): number {
  const counts = new Map<number, number>();
  for (const instant of instants) {
    const span = Math.floor(instant / width);
    counts.set(span, (counts.get(span) ?? 0) + 1);
  }
  return Math.max(0, ...counts.values());
}

export interface Losses {
  lost: number;
  duplicated: number;
}

/** How many of the numbers from 0 to `end`, exclusive, are missing, and how many came more than once. */
export function losses(numbers: readonly number[], end: number): Losses {
  const seen = new Set(numbers);
  return { lost: end - seen.size, duplicated: numbers.length - seen.size };
}
