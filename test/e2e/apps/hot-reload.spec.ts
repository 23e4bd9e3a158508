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
        await expect.poll(() => site.server.connections).toBe(1);
      }
      expect(app.complaints).toEqual([]);
    });
  });
}
