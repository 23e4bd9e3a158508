import type { ContenderName } from "../contenders/contender.ts";
import type { Measured } from "../interleaving.ts";
import { ratios, type Summary, summarise } from "../statistics.ts";
import type { Row } from "./row.ts";

/** The contender that the others are measured by. */
const BASE = "raw";

/** The contender that has a budget. */
const OURS = "AuthSocket auto";

/** A median with its quartiles. */
export function spread({ median, low, high }: Summary, format: (value: number) => string): string {
  const [middle, from, to] = [median, low, high].map(format);
  return from === to ? `${middle}` : `${middle} (${from}–${to})`;
}

export const twoDecimals = (value: number): string => value.toFixed(2);

/** The median of the ratios, repetition by repetition, and the median itself. */
export function ratioCell(values: readonly number[], base: readonly number[], unit: string): string {
  return `${spread(summarise(ratios(values, base)), twoDecimals)}, ${valueCell(values, unit)}`;
}

function valueCell(values: readonly number[], unit: string): string {
  return `${summarise(values).median.toPrecision(3)} ${unit}`;
}

/** A row of values and their ratios to `raw`. `limit` is the highest allowed median of the ratio. */
export function ratioRow(
  measure: string,
  measured: Measured<ContenderName, number>,
  unit: string,
  limit?: number,
): Row {
  const base = measured.get(BASE) ?? [];
  const cells: Row["cells"] = {};
  for (const [name, values] of measured) {
    cells[name] = name === BASE ? valueCell(values, unit) : ratioCell(values, base, unit);
  }
  if (limit === undefined) return { measure, cells };
  const { median } = summarise(ratios(measured.get(OURS) ?? [], base));
  return {
    measure,
    cells,
    budget: { limit: `≤ ${twoDecimals(limit)}`, met: Number(twoDecimals(median)) <= limit },
  };
}

/** A row of counts. It shows the worst repetition, because a single loss is too many. */
export function countRow<Value>(
  measure: string,
  measured: Measured<ContenderName, Value>,
  count: (value: Value) => number,
  limit: number,
): Row {
  const worst = (values: readonly Value[]) => Math.max(...values.map(count));
  const cells = Object.fromEntries([...measured].map(([name, values]) => [name, String(worst(values))]));
  return { measure, cells, budget: { limit: String(limit), met: worst(measured.get(OURS) ?? []) <= limit } };
}
