// `npm run bench`: compares AuthSocket with what people would write or install, and with plain Socket.IO, in one run.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { CONTENDER_NAMES } from "./contenders/contender.ts";
import { startChromium } from "./hosts/chromium-host.ts";
import { startNode } from "./hosts/node-host.ts";
import { draw } from "./report/papers.ts";
import { measuredNow, readRecord, writeRecord } from "./report/record.ts";
import { table } from "./report/table.ts";
import { scenarios } from "./scenarios/index.ts";
import { type Bench, joined, type Outcome, type Scenario } from "./scenarios/scenario.ts";
import { Sites } from "./sites.ts";

const { values } = parseArgs({
  options: {
    /** checks counts only, once, for AuthSocket and plain Socket.IO: for `npm test` */
    quick: { type: "boolean", default: false },
    repetitions: { type: "string", default: "15" },
    /** the names of scenarios; without it all */
    only: { type: "string", multiple: true },
    /** where to write how many checks passed and failed */
    json: { type: "string" },
  },
});

const { quick, only } = values;
const hosts = await Promise.all([startNode(), startChromium()]);
const plan: Omit<Bench, "site"> = {
  quick,
  hosts,
  contenders: quick ? ["raw", "AuthSocket auto", "AuthSocket reconnect"] : CONTENDER_NAMES,
  repetitions: quick ? 1 : Number(values.repetitions),
  pace: quick ? 4 : 1,
  inTurn,
};

async function inTurn<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>) {
  if (quick) return Promise.all(items.map(work));
  const results: Result[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}

async function run({ name, run }: Scenario): Promise<Outcome> {
  const sites = new Sites();
  const start = performance.now();
  // A scenario that throws has failed. The others still run.
  const outcome = await run({ ...plan, site: (kind, use) => sites.get(kind, use) }).catch(
    (error: unknown) => ({
      rows: [],
      checks: [{ title: `${name} runs to its end`, passed: false, found: String(error) }],
    }),
  );
  await sites.close();
  console.log(`${name}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return outcome;
}

/** Keeps the figures, in the order of the table, and draws the papers from them. A scenario that failed keeps its last figures. */
function recordAll(): void {
  const before = readRecord();
  const record = Object.fromEntries(
    scenarios.flatMap(({ name }) => {
      const rows = outcomes[chosen.findIndex((scenario) => scenario.name === name)]?.rows ?? [];
      const measurement = rows.length > 0 ? measuredNow(rows, plan.repetitions) : before[name];
      return measurement ? [[name, measurement]] : [];
    }),
  );
  writeRecord(record);
  draw(record);
}

const chosen = scenarios.filter(({ name, onlyTimes }) => only?.includes(name) ?? !(quick && onlyTimes));
const outcomes = await inTurn(chosen, run);
if (!quick) recordAll();
await Promise.all(hosts.map((host) => host.close()));

const { rows, checks } = joined(outcomes);
const failed = checks.filter(({ passed }) => !passed);
console.log(table(rows));
for (const { title, found } of failed) console.error(`✗ ${title}: ${found}`);
const count = { passed: checks.length - failed.length, failed: failed.length };
console.log(`${count.passed} passed, ${count.failed} failed`);
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(count));
process.exitCode = failed.length === 0 ? 0 : 1;
