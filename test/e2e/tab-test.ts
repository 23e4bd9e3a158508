import { test as base } from "playwright/test";
import { Tab, type TabOptions } from "./tab.ts";
import { TabSite } from "./tab-site.ts";

interface TabFixtures {
  site: TabSite;
  /** Opens a tab, in the order of calls. */
  open: (options?: TabOptions) => Promise<Tab>;
  /** Opens one where nobody is signed in, signs Alice in and waits until it is connected; refreshes count from then on. */
  signedIn: (options?: TabOptions) => Promise<Tab>;
}

/** Playwright's `test` with a site of its own for each test, whose tabs share one browser context. */
export const test = base.extend<TabFixtures>({
  site: async ({ browserName: _ }, use) => {
    const site = await TabSite.start();
    await use(site);
    await site.close();
  },
  open: async ({ context, site }, use) => {
    await use((options) => Tab.open(context, site.url, options));
  },
  signedIn: async ({ open, site }, use) => {
    await use(async (options) => (await openSignedIn(site, 1, () => open(options)))[0]);
  },
});

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
