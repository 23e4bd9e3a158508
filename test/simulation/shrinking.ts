import { type Outcome, simulate } from "./simulation.ts";

/** More runs are not worth the wait. */
const MOST_RUNS = 600;

/** Cuts what was out of the ordinary in a failing run down to what it takes to break the same rule, and tells that run. */
export async function shortest(failing: Outcome): Promise<Outcome> {
  const { seed, breach } = failing;
  let decisions = failing.decisions;
  let runs = 0;
  const stillFails = async (fewer: string[]) => {
    const outcome = await simulate(seed, new Set(fewer));
    if (outcome.breach?.rule !== breach?.rule) return false;
    decisions = outcome.decisions; // those that were never come to have gone, too
    return true;
  };
  for (
    let share = Math.ceil(decisions.length / 2);
    share >= 1;
    share = share === 1 ? 0 : Math.ceil(share / 2)
  ) {
    for (let start = 0; start < decisions.length && runs++ < MOST_RUNS; ) {
      const fewer = [...decisions.slice(0, start), ...decisions.slice(start + share)];
      if (!(await stillFails(fewer))) start += share;
      else if (share === 1) start = 0;
    }
  }
  return simulate(seed, new Set(decisions), true);
}

/** A run in words. */
export function story({ seed, settings, breach, decisions, lines }: Outcome): string {
  return [
    breach ? `seed ${seed} breaks ${breach.rule}: ${breach.text}` : `seed ${seed} keeps every rule`,
    settings,
    `out of the ordinary: ${decisions.join(", ") || "nothing"}`,
    ...lines,
    `again: npm run simulate -- --seed ${seed}`,
  ].join("\n");
}
