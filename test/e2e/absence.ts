import type { CDPSession } from "playwright/test";
import type { Tab } from "./tab.ts";
import type { TabPage } from "./tab-page.ts";
import type { TabSite } from "./tab-site.ts";

type GoBack = (page: TabPage) => Promise<unknown>;

/** Whether this browser keeps pages that were left, to show them again as they were: a page without anything tells. */
export async function keepsPages(page: TabPage, url: string, goBack: GoBack): Promise<boolean> {
  await page.goto(url);
  await page.evaluate(() => void Reflect.set(window, "isKept", true));
  await page.goto(`${url}?elsewhere`);
  await goBack(page);
  await page.waitForFunction(() => location.search === "");
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
  {
    site,
    isKept,
    goBack,
    devtools,
  }: {
    site: TabSite;
    isKept: boolean;
    goBack: GoBack;
    devtools: () => Promise<CDPSession>;
  },
  meanwhile: () => Promise<void>,
): Promise<void> {
  const { page } = tab;
  await noteReturn(page);
  if (isKept) {
    await page.goto(`${site.url}/blank`);
    await meanwhile();
    await goBack(page);
    // As it was: a page that was loaded anew has forgotten that it was left.
    await page.waitForFunction(() => Reflect.get(window, "isBack"));
    return;
  }
  const session = await devtools();
  const id = await page.evaluate(() => {
    const { id } = window.auth.socket;
    window.dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }));
    return id;
  });
  await session.send("Debugger.enable");
  await session.send("Debugger.pause");
  site.io.sockets.sockets.get(id ?? "")?.conn.close();
  await meanwhile();
  await session.send("Debugger.disable");
  await page.evaluate(() => {
    window.dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
  });
}

async function noteReturn(page: TabPage): Promise<void> {
  await page.evaluate(() => {
    window.addEventListener("pageshow", ({ persisted }) => Reflect.set(window, "isBack", persisted));
  });
}
