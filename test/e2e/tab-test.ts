import { test as base, type CDPSession, type Page } from "playwright/test";
import { findWebKit } from "../support/webkit.ts";
import { Tab, type TabOptions } from "./tab.ts";
import type { TabPage } from "./tab-page.ts";
import { TabSite } from "./tab-site.ts";
import { WebDriver, type WebDriverPage } from "./web-driver.ts";

interface TabFixtures {
  site: TabSite;
  /** A page without anything, beside the others of its browser. */
  newPage: () => Promise<TabPage>;
  /** Goes back to what the page showed before. */
  goBack: (page: TabPage) => Promise<unknown>;
  /** Opens a tab, in the order of calls. */
  open: (options?: TabOptions) => Promise<Tab>;
  /** Opens one where nobody is signed in, signs Alice in and waits until it is connected; refreshes count from then on. */
  signedIn: (options?: TabOptions) => Promise<Tab>;
  /** Chromium's own tools for one of its tabs. */
  devtools: (tab: Tab) => Promise<CDPSession>;
}

/** Playwright's `test` with a site of its own for each test, whose tabs share one browser context. */
const byPlaywright = base.extend<TabFixtures>({
  site: async ({ browserName: _ }, use) => {
    const site = await TabSite.start();
    await use(site);
    await site.close();
  },
  newPage: async ({ context }, use) => {
    await use(() => context.newPage());
  },
  goBack: async ({ browserName: _ }, use) => {
    // Not by Playwright's `goBack()`, which waits in Firefox for a page that is kept to load.
    await use((page) => page.evaluate(() => void setTimeout(() => history.back())));
  },
  open: async ({ newPage, site }, use) => {
    await use(async (options) => Tab.open(await newPage(), site.url, options));
  },
  signedIn: async ({ open, site }, use) => {
    await use(async (options) => (await openSignedIn(site, 1, () => open(options)))[0]);
  },
  devtools: async ({ context }, use) => {
    // What `newPage` has opened there.
    await use((tab) => context.newCDPSession(tab.page as Page));
  },
});

/** The same in WebKit, which Playwright cannot drive where it was not built for it. */
const byWebDriver = byPlaywright.extend<object, { webDriver: WebDriver }>({
  webDriver: [
    async ({ browserName: _ }, use) => {
      const webKit = findWebKit();
      if (!webKit) throw new Error("WebKit is not installed: see test/e2e/main.ts");
      const driver = await WebDriver.start(webKit);
      await use(driver);
      await driver.stop();
    },
    { scope: "worker" },
  ],
  newPage: async ({ webDriver }, use) => {
    const pages: TabPage[] = [];
    await use(async () => {
      const page = await webDriver.newPage();
      pages.push(page);
      return page;
    });
    // Those that a test has closed are closed already.
    for (const page of pages) await page.close().catch(() => {});
  },
  goBack: async ({ browserName: _ }, use) => {
    // What `newPage` has opened.
    await use((page) => (page as WebDriverPage).goBack());
  },
  devtools: async ({ browserName: _ }, use) => {
    await use(() => Promise.reject(new Error("WebKit has no tools of Chromium's")));
  },
});

export const test = process.env.AUTHSOCKET_ENGINE === "webkit" ? byWebDriver : byPlaywright;

/** Opens tabs, all of them connected as Alice, and counts refreshes and statuses from then on. */
export async function openSignedIn(
  site: TabSite,
  count: number,
  open: () => Promise<Tab>,
): Promise<[Tab, ...Tab[]]> {
  const first = await open();
  await first.until("signedOut");
  await first.signIn("alice");
  const tabs: [Tab, ...Tab[]] = [first, ...(await Promise.all(Array.from({ length: count - 1 }, open)))];
  await Promise.all(tabs.map((tab) => tab.connectedAs("alice")));
  site.refreshes = 0;
  for (const tab of tabs) await tab.page.evaluate(() => window.statuses.splice(0));
  return tabs;
}
