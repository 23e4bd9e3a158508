import { describe, expect, it } from "vitest";
import { CONTENDER_NAMES } from "../bench/contenders/contender.ts";
import { readme, readTable } from "../bench/report/readme.ts";
import { COLUMNS } from "../bench/report/table.ts";
import { scenarios } from "../bench/scenarios/index.ts";

const [columns = [], , ...rows] = readTable(readme)
  .split("\n")
  .filter((line) => line.startsWith("|"))
  .map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

// Figures differ from machine to machine; what is measured does not. `npm run bench` writes the table anew.
describe("the README's table of benchmarks", () => {
  it("has a column for each contender", () => {
    expect(columns).toEqual(COLUMNS);
  });

  it("has the rows that the scenarios measure, in their order", () => {
    expect(rows.map(([measure]) => measure)).toEqual(scenarios.flatMap(({ measures }) => measures));
  });

  it("says of every row what AuthSocket comes to", () => {
    const ours = COLUMNS.indexOf("AuthSocket auto");
    expect(CONTENDER_NAMES).toContain("AuthSocket auto");
    expect(rows.filter((row) => row[ours] === "")).toEqual([]);
  });
});
