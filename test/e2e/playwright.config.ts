import { defineConfig } from "playwright/test";
import { findChromium } from "../support/chromium.ts";

const chromium = findChromium();

export default defineConfig({
  testDir: ".",
  outputDir: "../../test-results",
  forbidOnly: true,
  retries: 0,
  // One of them is taken by the two-minute test, which mostly waits: it leaves two cores to two others.
  workers: 3,
  fullyParallel: true,
  timeout: 60_000,
  globalTimeout: 270_000,
  use: {
    browserName: "chromium",
    launchOptions: chromium,
    // What moves on the pages takes a quarter of the processor's time, and no test looks at it.
    contextOptions: { reducedMotion: "reduce" },
    trace: "off",
  },
});
