import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { figure, papers } from "../bench/report/papers.ts";
import { readRecord } from "../bench/report/record.ts";
import { scenarios } from "../bench/scenarios/index.ts";
import { root } from "./tarball.ts";

const record = readRecord();

// Figures differ from machine to machine; what is measured does not. `npm run bench` records the figures anew.
describe("the recorded figures", () => {
  it("are of all scenarios, in their order", () => {
    expect(Object.keys(record)).toEqual(scenarios.map(({ name }) => name));
  });

  it.each(scenarios)("has the rows that the scenario measures: $name", ({ name, measures }) => {
    expect(record[name]?.rows.map(({ measure }) => measure)).toEqual(measures);
  });

  it("say of every row what AuthSocket comes to", () => {
    const rows = Object.values(record).flatMap((measurement) => measurement.rows);
    expect(rows.filter(({ cells }) => !cells["AuthSocket auto"])).toEqual([]);
  });
});

describe("what is drawn from the figures", () => {
  it.each(papers(record))("is up to date, or `npm run bench:draw` has to be run: $path", ({ path, text }) => {
    expect(readFileSync(join(root, path), "utf8")).toBe(text);
  });

  it.each([
    ["2.66 (2.65–2.67), 416 ms", 416],
    ["157 ms", 157],
    ["413 (411–415)", 413],
    ["8", 8],
    ["1 to 2", 2],
    ["does not come back", undefined],
    ["8, signed out 15 of 15 times", undefined],
  ])("is one figure of a cell: %s", (cell, value) => {
    expect(figure(cell)).toBe(value);
  });
});
