/** An instant that an SDK gives in seconds since the epoch. */
export function toMilliseconds(seconds: number | undefined): number | undefined {
  return seconds && seconds * 1000;
}
