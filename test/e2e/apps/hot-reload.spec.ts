import { test as base, expect } from "playwright/test";
import { AppPage } from "./app-page.ts";
import { type AppName, type AppSite, appNames, developApp } from "./app-site.ts";

const test = base.extend<{ name: AppName; site: AppSite & { save: () => Promise<void> } }>({
  name: ["React", { option: true }],
  site: async ({ name }, use) => {
    const site = await developApp(name);
    await use(site);
    await site.close();
  },
});

for (const name of appNames) {
  test.describe(`the app with ${name}`, () => {
    test.use({ name });

    test("has one live connection after three saves of the module that makes it", async ({ page, site }) => {
      test.slow();
      const app = new AppPage(page, site.url);
      await app.open();
      await app.expectSignInPage();
      await app.signIn("alice");
      for (const number of [1, 2, 3]) {
        const taken = Promise.race([
          page.waitForEvent("console", (message) => message.text().includes("hot updated")),
          page.waitForEvent("load"),
        ]);
        await site.save();
        await taken;
        await app.expectConnected();
        await app.say(`after save ${number}`);
        await expect(app.lines.last()).toHaveText(`aliceafter save ${number}`);
        // Of a page that was left in the midst of its upgrade, the server learns by a ping that is not answered.
        await expect.poll(() => site.server.connections, { timeout: 60_000 }).toBe(1);
      }
      expect(app.complaints).toEqual([]);
    });
  });
}
