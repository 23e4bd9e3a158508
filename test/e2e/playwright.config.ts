import { defineConfig } from "playwright/test";
import { findChromium } from "../support/chromium.ts";

const chromium = findChromium();

export default defineConfig({
  testDir: ".",
  outputDir: "../../test-results",
  forbidOnly: true,
  retries: 0,
  workers: 2,
  fullyParallel: true,
  timeout: 60_000,
  globalTimeout: 270_000,
  use: {
    browserName: "chromium",
    launchOptions: chromium,
    trace: "off",
  },
});
