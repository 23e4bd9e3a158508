import { test as base } from "playwright/test";
import { Tab, type TabOptions } from "./tab.ts";
import { TabSite } from "./tab-site.ts";

interface TabFixtures {
  site: TabSite;
  /** Opens a tab, in the order of calls. */
  open: (options?: TabOptions) => Promise<Tab>;
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
});
