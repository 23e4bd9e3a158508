// The simulation from the command line: `npm run simulate -- --seeds 10000 [--from 1]` searches, and tells the shortest
// trace of the first seed that breaks a rule; `npm run simulate -- --seed 7` tells one seed in full, or in short if it fails.
import { parseArgs } from "node:util";
import { shortest, story } from "./shrinking.ts";
import { simulate } from "./simulation.ts";

/** Seeds between two words on how far it has come. */
const CHAPTER = 500;

const { values } = parseArgs({
  options: { seeds: { type: "string" }, from: { type: "string" }, seed: { type: "string" } },
});

function whole(name: "seeds" | "from" | "seed", otherwise: number): number {
  const value = Number(values[name] ?? otherwise);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`--${name} must be a whole number`);
  return process.exit(2);
}

async function run(seed: number, isTold: boolean): Promise<boolean> {
  const outcome = await simulate(seed, undefined, isTold);
  if (outcome.breach) {
    const { decisions } = outcome;
    console.log(`seed ${seed} fails; looking for its shortest trace among ${decisions.length} decisions …`);
    console.log(story(await shortest(outcome)));
  } else if (isTold) console.log(story(outcome));
  return !outcome.breach;
}

async function search(from: number, count: number): Promise<boolean> {
  for (let seed = from; seed < from + count; seed++) {
    if (!(await run(seed, false))) return false;
    const done = seed + 1 - from;
    if (done % CHAPTER === 0 || done === count) console.log(`${done} of ${count} seeds kept every rule`);
  }
  return true;
}

const isKept =
  values.seed === undefined
    ? await search(whole("from", 1), whole("seeds", 10_000))
    : await run(whole("seed", 1), true);
process.exitCode = isKept ? 0 : 1;
