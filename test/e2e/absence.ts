import { type BrowserContext, expect, type Page } from "playwright/test";
import type { Tab } from "./tab.ts";
import type { TabSite } from "./tab-site.ts";

/** Whether this browser keeps pages that were left, to show them again as they were: a page without anything tells. */
export async function keepsPages(context: BrowserContext, url: string): Promise<boolean> {
  const page = await context.newPage();
  await page.goto(url);
  await noteReturn(page);
  await page.goto(`${url}?elsewhere`);
  await page.goBack({ waitUntil: "commit" });
  const isKept = await isBack(page);
  await page.close();
  return isKept;
}

/**
 * Leaves the page for another, and goes back to it as it was.
 *
 * Chromium's headless shell has no back/forward cache. There, what the cache does to a page is done to it: it is told
 * so, its connection ends and its thread stops; then it goes on, and is told that too.
 *
 * @param meanwhile what happens while the page is not shown
 */
export async function awayFrom(
  tab: Tab,
  { site, isKept }: { site: TabSite; isKept: boolean },
  meanwhile: () => Promise<void>,
): Promise<void> {
  const { page } = tab;
  await noteReturn(page);
  if (isKept) {
    await page.goto(`${site.url}/blank`);
    await meanwhile();
    await page.goBack({ waitUntil: "commit" });
    await expect.poll(() => isBack(page)).toBe(true);
    return;
  }
  const devtools = await page.context().newCDPSession(page);
  const id = await page.evaluate(() => {
    const { id } = window.auth.socket;
    window.dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }));
    return id;
  });
  await devtools.send("Debugger.enable");
  await devtools.send("Debugger.pause");
  site.io.sockets.sockets.get(id ?? "")?.conn.close();
  await meanwhile();
  await devtools.send("Debugger.disable");
  await page.evaluate(() => {
    window.dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
  });
}

async function noteReturn(page: Page): Promise<void> {
  await page.evaluate(() => {
    window.addEventListener("pageshow", ({ persisted }) => Reflect.set(window, "isBack", persisted));
  });
}

/** Whether the page is shown again as it was: one that was loaded anew has forgotten that it was left. */
function isBack(page: Page): Promise<boolean> {
  return page.evaluate(() => Reflect.get(window, "isBack") === true);
}
