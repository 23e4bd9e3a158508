import type { BrowserContext } from "playwright/test";
import type { Tab } from "./tab.ts";
import type { TabSite } from "./tab-site.ts";

/** Whether this browser keeps pages that were left, to show them again as they were: a page without anything tells. */
export async function keepsPages(context: BrowserContext, url: string): Promise<boolean> {
  const page = await context.newPage();
  await page.goto(url);
  await page.evaluate(() => {
    window.addEventListener("pageshow", ({ persisted }) => Reflect.set(window, "isKept", persisted));
  });
  await page.goto(`${url}?elsewhere`);
  await page.goBack({ waitUntil: "commit" });
  const isKept = await page.evaluate(() => Reflect.get(window, "isKept") === true);
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
  if (isKept) {
    await page.goto(`${site.url}/blank`);
    await meanwhile();
    await page.goBack({ waitUntil: "commit" });
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
