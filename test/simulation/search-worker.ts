// One process of a search: runs the seeds from its first argument to before its second.
import { simulate } from "./simulation.ts";

/** What it tells the search. */
export interface Report {
  /** Seeds that have kept every rule since the last report. */
  kept: number;
  /** One that has broken a rule, with which it ends. */
  failing?: number;
}

/** Seeds between two reports. */
const CHAPTER = 50;

const [from = 0, end = 0] = process.argv.slice(2).map(Number);

async function run(): Promise<void> {
  let kept = 0;
  for (let seed = from; seed < end; seed++) {
    const { breach } = await simulate(seed);
    if (breach) {
      report({ kept, failing: seed });
      return;
    }
    kept++;
    if (kept === CHAPTER) {
      report({ kept });
      kept = 0;
    }
  }
  report({ kept });
}

function report(report: Report): void {
  process.send?.(report);
}

// Whoever searches is gone: nobody waits for the rest.
const leave = () => process.exit(1);
process.once("disconnect", leave);
await run();
process.off("disconnect", leave);
process.disconnect?.();
