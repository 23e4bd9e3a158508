import { expect } from "playwright/test";
import { DemoPage } from "./demo-page.ts";
import { on, test } from "./demo-test.ts";

on("script-tag page", () => {
  test.describe("with 4-second tokens", () => {
    test.use({ accessTokenLifetime: 4_000 });

    test("B2 of two tabs one refreshes and the other adopts, and both say which they did", async ({
      demo,
      context,
      server,
    }) => {
      await demo.openSignedIn();
      await demo.view("Connections");
      const opened = context.waitForEvent("page");
      await demo.page.getByRole("link", { name: "Open a second tab" }).click();
      const second = new DemoPage(await opened, demo.page.url());
      await second.expectConnected();
      const before = server.refreshes.length;

      // Two renewals, whichever of the tabs makes them.
      const tabs = [demo, second];
      const sum = async (counter: "refreshed" | "adopted") => {
        const counts = await Promise.all(tabs.map((tab) => tab.count(counter)));
        return counts.reduce((total, count) => total + count, 0);
      };
      const start = { refreshed: await sum("refreshed"), adopted: await sum("adopted") };
      await expect
        .poll(() => server.refreshes.length - before, { timeout: 15_000 })
        .toBeGreaterThanOrEqual(2);
      await expect
        .poll(async () => {
          const refreshes = server.refreshes.length - before;
          return [
            (await sum("refreshed")) - start.refreshed - refreshes,
            (await sum("adopted")) - start.adopted - refreshes,
          ];
        })
        .toEqual([0, 0]);
      expect(new Set(server.refreshes.slice(before))).toEqual(new Set([200]));

      const said = (await Promise.all(tabs.map((tab) => tab.log.textContent()))).join();
      expect(said).toContain("Token refreshed by this tab");
      expect(said).toContain("Token adopted from another tab");
      for (const tab of tabs) await tab.expectConnected();
      await second.expectDecency();
    });
  });
});
