/** T19: a timer of more ms fires at once. */
export const LONGEST_TIMER = 2 ** 31 - 1;

/** How many ms a timer waits. They are whole, as a native timer's: a Date has no fractions. */
export function delay(ms: number): number {
  return ms > 0 && ms <= LONGEST_TIMER ? Math.max(Math.trunc(ms), 1) : 0;
}
