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

      const tabs = [demo, second];
      const sum = async (counter: "refreshed" | "adopted") => {
        const counts = await Promise.all(tabs.map((tab) => tab.count(counter)));
        return counts.reduce((total, count) => total + count, 0);
      };
      const granted = () => server.refreshes.filter((status) => status === 200).length;
      /** Waits until the tabs have counted each refresh. What was adopted by then. */
      const settled = async () => {
        await expect.poll(async () => (await sum("refreshed")) - granted()).toBe(0);
        return sum("adopted");
      };
      const before = server.refreshes.length;
      const adopted = await settled();
      const start = granted();

      // Two renewals, whichever of the tabs makes them.
      await expect.poll(() => granted() - start, { timeout: 15_000 }).toBeGreaterThanOrEqual(2);
      const refreshes = granted() - start;
      await settled();
      await expect.poll(() => sum("adopted")).toBeGreaterThanOrEqual(adopted + refreshes);
      expect(new Set(server.refreshes.slice(before))).toEqual(new Set([200]));

      const said = (await Promise.all(tabs.map((tab) => tab.log.textContent()))).join();
      expect(said).toContain("Token refreshed by this tab");
      expect(said).toContain("Token taken from another tab");
      for (const tab of tabs) await tab.expectConnected();
      await second.expectDecency();
    });
  });
});
