import type { ContenderName } from "../contenders/contender.ts";

/** One line of the table. */
export interface Row {
  measure: string;
  cells: Partial<Record<ContenderName, string>>;
  /** what AuthSocket must reach, and whether it does */
  budget?: { limit: string; met: boolean };
}

/** A count that must be right even on a slow machine. */
export interface Check {
  title: string;
  passed: boolean;
  /** what was found instead, for the reader of a failure */
  found: string;
}

export function check(title: string, found: unknown, expected: unknown): Check {
  const [actual, wanted] = [found, expected].map((value) => JSON.stringify(value));
  return { title, passed: actual === wanted, found: `${actual} instead of ${wanted}` };
}
