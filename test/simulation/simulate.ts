// The simulation from the command line: `npm run simulate -- --seeds 1000000 [--from 1] [--workers 4]` searches in as many
// processes as there are cores, and tells the shortest trace of a seed that breaks a rule; `npm run simulate -- --seed 7`
// tells one seed in full, or in short if it fails.
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { search } from "./search.ts";
import { shortest, story } from "./shrinking.ts";
import { simulate } from "./simulation.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string" },
    from: { type: "string" },
    workers: { type: "string" },
    seed: { type: "string" },
  },
});

function whole(name: keyof typeof values, otherwise: number): number {
  const value = Number(values[name] ?? otherwise);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`--${name} must be a whole number`);
  return process.exit(2);
}

async function tell(seed: number): Promise<boolean> {
  const outcome = await simulate(seed, undefined, true);
  if (outcome.breach) {
    const { decisions } = outcome;
    console.log(`seed ${seed} fails; looking for its shortest trace among ${decisions.length} decisions …`);
  }
  console.log(story(outcome.breach ? await shortest(outcome) : outcome));
  return !outcome.breach;
}

/** Whether all seeds kept every rule. */
async function searchAll(): Promise<boolean> {
  const [from, seeds] = [whole("from", 1), whole("seeds", 10_000)];
  const failing = await search(from, seeds, Math.max(whole("workers", availableParallelism()), 1));
  return failing === undefined ? true : tell(failing);
}

const isKept = values.seed === undefined ? await searchAll() : await tell(whole("seed", 1));
process.exitCode = isKept ? 0 : 1;
