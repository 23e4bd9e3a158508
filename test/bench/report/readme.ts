import { readFileSync, writeFileSync } from "node:fs";
import type { Row } from "./row.ts";
import { table } from "./table.ts";

export const readme = new URL("../../../README.md", import.meta.url);

const START = "<!-- bench:start -->";
const END = "<!-- bench:end -->";

/** The text between the markers. */
export function readTable(file: URL): string {
  return split(readFileSync(file, "utf8"))[1];
}

export function writeTable(file: URL, rows: Row[], repetitions: number): void {
  const [before, , after] = split(readFileSync(file, "utf8"));
  const { version, platform, arch } = process;
  const day = new Date().toISOString().slice(0, 10);
  const text = `\n${table(rows)}\n\nMeasured on ${day} with Node ${version} on ${platform} ${arch}, ${repetitions} repetitions.\n`;
  writeFileSync(file, before + text + after);
}

/** @throws Error that names the markers, when they are missing */
function split(text: string): [before: string, between: string, after: string] {
  const start = text.indexOf(START) + START.length;
  const end = text.indexOf(END);
  if (start < START.length || end < start) {
    throw new Error(`the README needs the markers ${START} and ${END}, in this order`);
  }
  return [text.slice(0, start), text.slice(start, end), text.slice(end)];
}
