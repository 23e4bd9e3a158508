import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Row } from "./row.ts";

/** The last result of a scenario. */
export interface Measurement {
  /** as in 2026-01-31 */
  day: string;
  node: string;
  /** operating system and processor */
  platform: string;
  repetitions: number;
  rows: Row[];
}

/** The last measurement of each scenario, by the scenario's name. */
export type Record = { [scenario: string]: Measurement };

const file = new URL("../recorded.json", import.meta.url);

export function readRecord(): Record {
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
}

export function writeRecord(record: Record): void {
  writeFileSync(file, `${JSON.stringify(record, null, 2)}\n`);
}

/** A measurement that was made today on this machine. */
export function measuredNow(rows: Row[], repetitions: number): Measurement {
  return {
    day: new Date().toISOString().slice(0, 10),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    repetitions,
    rows,
  };
}
