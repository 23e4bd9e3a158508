import * as timers from "node:timers";
import { afterAll, expect } from "vitest";

// One process runs many files: a fake timer that one leaves behind would stop the clock of the next.
afterAll(() => {
  expect(globalThis.setTimeout, "a test has left a fake setTimeout behind").toBe(timers.setTimeout);
});
