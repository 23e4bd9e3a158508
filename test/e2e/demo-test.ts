import { test as base } from "playwright/test";
import { DemoPage } from "./demo-page.ts";
import { WitnessedServer } from "./witnessed-server.ts";

interface DemoFixtures {
  /** Which of the pages. */
  path: "/" | "/app" | "/openid";
  /** ms */
  accessTokenLifetime: number;
  /** How connections outlive their tokens: they take new ones, or are cut and come back. */
  renewal: "inBand" | "cut";
  /** The secret that access tokens are signed with. */
  secret: string;
  server: WitnessedServer;
  /** The page, not opened yet. */
  demo: DemoPage;
  /** The same page in one more browser, not opened yet. */
  visit: () => Promise<DemoPage>;
}

/** Playwright's `test` with a demo server and a page of its own for each test. */
export const test = base.extend<DemoFixtures>({
  path: ["/", { option: true }],
  accessTokenLifetime: [15_000, { option: true }],
  renewal: ["inBand", { option: true }],
  secret: ["a secret that is long enough and known", { option: true }],
  server: async ({ accessTokenLifetime, renewal, secret }, use) => {
    // Hashing takes the time it should take: no test waits for it here.
    const server = await WitnessedServer.start({ accessTokenLifetime, renewal, secret, passwordCost: 2 });
    await use(server);
    await server.close();
  },
  demo: async ({ page, path, server }, use) => {
    const demo = new DemoPage(page, server.url + path);
    await use(demo);
    await demo.expectDecency();
  },
  visit: async ({ browser, path, server }, use) => {
    const visitors: DemoPage[] = [];
    await use(async () => {
      const page = await (await browser.newContext()).newPage();
      const visitor = new DemoPage(page, server.url + path);
      visitors.push(visitor);
      return visitor;
    });
    for (const visitor of visitors) {
      if (!visitor.page.isClosed()) await visitor.expectDecency();
      await visitor.page.context().close();
    }
  },
});

const pages = { "script-tag page": "/", "single-page app": "/app" } as const;

type PageName = keyof typeof pages;

/** Defines tests for both pages, which are to behave alike. */
export function onBothPages(define: () => void): void {
  for (const name of Object.keys(pages)) on(name as PageName, define);
}

/** Defines tests for one of the pages: they differ in how they come by AuthSocket, not in what they do with it. */
export function on(name: PageName, define: () => void): void {
  test.describe(`the ${name}`, () => {
    test.use({ path: pages[name] });
    define();
  });
}
