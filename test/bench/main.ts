// `npm run bench`: AuthSocket beside what people would write or install, and beside the limit, in one run.
import { parseArgs } from "node:util";
import { CONTENDER_NAMES } from "./contenders/contender.ts";
import { startNode } from "./hosts/node-host.ts";
import { table } from "./report/table.ts";
import { scenarios } from "./scenarios/index.ts";
import type { Outcome } from "./scenarios/scenario.ts";
import { Site } from "./site.ts";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    repetitions: { type: "string" },
  },
});

const site = await Site.start("authsocket");
const hosts = [await startNode()];
const contenders = values.quick
  ? (["raw", "AuthSocket auto", "AuthSocket reconnect"] as const)
  : CONTENDER_NAMES;
const bench = { site, hosts, contenders, repetitions: values.quick ? 1 : Number(values.repetitions ?? 15) };

const outcome: Outcome = { rows: [], checks: [] };
for (const { name, run } of scenarios) {
  if (values.only !== undefined && values.only !== name) continue;
  const start = performance.now();
  const { rows, checks } = await run(bench);
  outcome.rows.push(...rows);
  outcome.checks.push(...checks);
  console.log(`${name}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
}
await Promise.all([...hosts, site].map((process) => process.close()));

console.log(table(outcome.rows));
const failed = outcome.checks.filter(({ passed }) => !passed);
for (const { title, found } of failed) console.error(`✗ ${title}: ${found}`);
console.log(`${outcome.checks.length - failed.length} passed, ${failed.length} failed`);
process.exitCode = failed.length === 0 ? 0 : 1;
