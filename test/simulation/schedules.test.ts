import { describe, expect, it } from "vitest";
import { KEEPINGS } from "./settings.ts";
import { shortest, story } from "./shrinking.ts";
import { type Outcome, simulate } from "./simulation.ts";

/** Tests of each kind of app, and schedules of one test: few enough to see which fails, many enough to be few tests. */
const [BLOCKS, BLOCK] = [6, 84];

/** Runs one schedule after the other, up to the first that breaks a rule; undefined: all kept them. */
async function firstFailing(from: number, step: number): Promise<Outcome | undefined> {
  for (let index = 0; index < BLOCK; index++) {
    const outcome = await simulate(from + index * step);
    if (outcome.breach) return outcome;
  }
  return undefined;
}

describe.each([...KEEPINGS.entries()])("apps of kind %i: %s", (kind) => {
  const step = KEEPINGS.length;
  const firsts = Array.from({ length: BLOCKS }, (_, block) => kind + block * BLOCK * step);
  it.each(firsts)(
    `B2 B3 B10 B16 every rule holds whatever happens, in ${BLOCK} schedules from seed %i on`,
    { timeout: 120_000 },
    async (first) => {
      const failing = await firstFailing(first, step);
      expect(failing && story(await shortest(failing))).toBeUndefined();
    },
  );
});
