import { CONTENDER_NAMES } from "../contenders/contender.ts";
import type { Row } from "./row.ts";

const COLUMNS = ["", ...CONTENDER_NAMES, "to reach"];

/** The rows in Markdown. */
export function table(rows: Row[]): string {
  const lines = rows.map(({ measure, cells, budget }) => [
    measure,
    ...CONTENDER_NAMES.map((name) => cells[name] ?? ""),
    budget ? `${budget.limit} ${budget.met ? "✓" : "✗"}` : "",
  ]);
  return [COLUMNS, COLUMNS.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
