import { test as base, expect } from "playwright/test";
import { DemoPage } from "./demo-page.ts";
import { WitnessedServer } from "./witnessed-server.ts";

interface DemoFixtures {
  /** Which of the two pages. */
  path: "/" | "/app";
  /** ms */
  accessTokenLifetime: number;
  /** The secret that access tokens are signed with. */
  secret: string;
  server: WitnessedServer;
  /** The page, not opened yet. */
  demo: DemoPage;
}

/** Playwright's `test` with a demo server and a page of its own for each test. */
export const test = base.extend<DemoFixtures>({
  path: ["/", { option: true }],
  accessTokenLifetime: [15_000, { option: true }],
  secret: ["a secret that is long enough and known", { option: true }],
  server: async ({ accessTokenLifetime, secret }, use) => {
    const server = await WitnessedServer.start({ accessTokenLifetime, secret });
    await use(server);
    await server.close();
  },
  demo: async ({ page, path, server }, use) => {
    const demo = new DemoPage(page, server.url + path);
    await use(demo);
    // Whatever a test was about: nothing went uncaught (B9), and no token can be seen (S1).
    expect(demo.uncaught).toEqual([]);
    expect(await page.content()).not.toContain("eyJ");
    expect(demo.console.filter(({ text }) => text.includes("eyJ"))).toEqual([]);
    expect(demo.requested.filter(({ href }) => href.includes("eyJ"))).toEqual([]);
  },
});

const pages = { "script-tag page": "/", "single-page app": "/app" } as const;

/** Defines tests for both pages, which are to behave alike. */
export function onBothPages(define: () => void): void {
  for (const [name, path] of Object.entries(pages)) {
    test.describe(`the ${name}`, () => {
      test.use({ path });
      define();
    });
  }
}
