import { defineConfig, type Project } from "playwright/test";
import { findChromium } from "../support/chromium.ts";
import { findFirefox } from "../support/firefox.ts";
import { TABS_HOST } from "./tabs-host.ts";

const engine = process.env.AUTHSOCKET_ENGINE ?? "chromium";

/** By engine; `main.ts` names the one that is wanted. */
const projects: Record<string, () => Project> = {
  chromium: () => {
    const chromium = findChromium();
    const args = [...chromium.args, `--host-resolver-rules=MAP ${TABS_HOST} 127.0.0.1`];
    return { use: { browserName: "chromium", launchOptions: { ...chromium, args } } };
  },
  firefox: () => ({
    grepInvert: /@chromium/,
    // It keeps no page that has AuthSocket on it, and loads such a page anew: waking.spec.ts has that.
    testMatch: ["tabs", "waking", "sign-in", "second-tab", "handshake", "sessions", "outages"].map(
      (name) => `${name}.spec.ts`,
    ),
    use: {
      browserName: "firefox",
      // By WebDriver BiDi: the Firefox that everybody has.
      channel: "moz-firefox",
      launchOptions: {
        executablePath: findFirefox() ?? "",
        firefoxUserPrefs: { "network.dns.localDomains": TABS_HOST },
      },
    },
  }),
  // By WebDriver, which brings no clock, no network and no console of Playwright's.
  webkit: () => ({
    grepInvert: /@chromium|@playwright/,
    testMatch: ["tabs.spec.ts", "waking.spec.ts", "back-forward-cache.spec.ts"],
  }),
};

const project = projects[engine]?.();
if (project === undefined) throw new Error(`AUTHSOCKET_ENGINE names none of ${Object.keys(projects)}`);

export default defineConfig({
  testDir: ".",
  outputDir: "../../test-results",
  forbidOnly: true,
  retries: 0,
  // In Chromium one of them is taken by the two-minute test, which mostly waits: it leaves two cores to two others. Two
  // displays that start at once may take the same number.
  workers: { chromium: 3, firefox: 2, webkit: 1 }[engine] ?? 1,
  fullyParallel: true,
  timeout: engine === "chromium" ? 60_000 : 120_000,
  globalTimeout: 1_200_000,
  use: {
    // What moves on the pages takes a quarter of the processor's time, and no test looks at it.
    contextOptions: { reducedMotion: "reduce" },
    trace: "off",
  },
  // What waits longest begins first, so that nothing runs alone at the end.
  projects: [
    { ...project, name: `${engine}, long`, grep: /@long/ },
    { ...project, name: engine, grepInvert: [/@long/, project.grepInvert ?? []].flat() },
  ],
});
