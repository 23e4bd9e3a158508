import { expect } from "playwright/test";
import { deferred } from "../support/deferred.ts";
import { Tab } from "./tab.ts";
import type { TabSite } from "./tab-site.ts";
import { openSignedIn, test } from "./tab-test.ts";

const TABS = 8;
const ROUNDS = 20;

/** Opens tabs of one user, whose tokens last for a moment each, for a number of rounds, and then for an hour. */
async function expireTogether(site: TabSite, open: () => Promise<Tab>): Promise<Tab[]> {
  const tabs = await openSignedIn(site, TABS, open);
  const [first] = tabs;
  site.lifetimes = [...Array.from({ length: ROUNDS }, () => 500), 3_600_000];
  await first.signIn("alice");
  await Promise.all(tabs.map((tab) => tab.untilGoodFor(1_000_000)));
  return tabs;
}

async function expectNoSignOut(tabs: Tab[]): Promise<void> {
  for (const tab of tabs) {
    expect((await tab.statuses()).filter((status) => status.startsWith("signedOut"))).toEqual([]);
  }
}

test("B2 T22 eight tabs that expire together refresh once a round, for twenty rounds", async ({
  site,
  open,
}) => {
  const tabs = await expireTogether(site, open);
  expect(site.refreshes).toBe(ROUNDS);
  expect(site.reuses).toBe(0);
  await expectNoSignOut(tabs);
});

test("B2 so they do on plain http, where there are no Web Locks", async ({
  site,
  playwright,
  launchOptions,
}) => {
  const args = [...(launchOptions.args ?? []), "--host-resolver-rules=MAP tabs.test 127.0.0.1"];
  const browser = await playwright.chromium.launch({ ...launchOptions, args });
  const context = await browser.newContext();
  const tabs = await expireTogether(site, () => Tab.open(context, `http://tabs.test:${site.port}`));
  expect(await tabs[0]?.page.evaluate(() => [isSecureContext, "locks" in navigator])).toEqual([false, false]);
  expect(site.refreshes).toBe(ROUNDS);
  expect(site.reuses).toBe(0);
  await expectNoSignOut(tabs);
  await browser.close();
});

for (const store of ["memory", "session"] as const) {
  test(`B2 tabs with a ${store} store take turns and never race`, async ({ site, open }) => {
    site.lifetimes = [1_000];
    const tabs = await openSignedIn(site, 5, () => open({ store }));
    await Promise.all(tabs.map((tab) => tab.page.waitForFunction(() => window.tokens.length >= 4)));
    expect(site.reuses).toBe(0);
    await expectNoSignOut(tabs);
  });
}

for (const fate of ["frozen", "crashed", "closed"] as const) {
  test(`B3 the tab that refreshes is ${fate}: another has a fresh token in time, and nothing is used twice`, async ({
    site,
    open,
    context,
  }) => {
    const refreshTimeout = 2_000;
    const [holder, other] = await openSignedIn(site, 2, () => open({ refreshTimeout }));
    if (!holder || !other) throw new Error("two tabs were opened");
    const answer = deferred<void>();
    const asked = deferred<void>();
    site.answering = (number) => {
      if (number > 1) return undefined;
      asked.resolve();
      return answer.promise;
    };
    const held = holder.page
      .evaluate(() => window.auth.session.getToken({ forceRefresh: true }))
      .catch(() => {});
    await asked.promise;
    const waited = other.page.evaluate(async () => {
      const start = performance.now();
      await window.auth.session.getToken({ forceRefresh: true });
      return performance.now() - start;
    });
    await other.until("refreshing");
    const devtools = await context.newCDPSession(holder.page);
    // Stops the page's thread, as a freeze does; Chromium itself freezes only what is hidden for minutes.
    if (fate === "frozen") await devtools.send("Debugger.enable");
    if (fate === "frozen") await devtools.send("Debugger.pause");
    if (fate === "crashed") void devtools.send("Page.crash").catch(() => {});
    if (fate === "crashed") await holder.page.waitForEvent("crash");
    if (fate === "closed") await holder.page.close();
    // The browser takes in the cookie, though the page is no more.
    answer.resolve();
    expect(await waited).toBeLessThan(refreshTimeout + 2_000);
    const [fresh] = (await other.tokens()).slice(-1);
    if (fate === "frozen") {
      await devtools.send("Debugger.disable");
      await held;
      await expect.poll(() => holder.tokens().then((tokens) => tokens.at(-1))).toBe(fresh);
      expect((await other.tokens()).at(-1)).toBe(fresh);
      await expectNoSignOut([holder]);
    }
    expect(site.reuses).toBe(0);
    expect(site.refreshes).toBe(2);
    await expectNoSignOut([other]);
  });
}

test("B3 a page that is reloaded while it refreshes does not wait for itself as long as for a frozen one", async ({
  site,
  signedIn,
}) => {
  const tab = await signedIn();
  const asked = deferred<void>();
  const answer = deferred<void>();
  site.answering = (number) => {
    asked.resolve();
    return number > 1 ? undefined : answer.promise;
  };
  site.lifetimes = [100, 3_600_000];
  await tab.signIn("alice");
  await asked.promise;
  const reloaded = Date.now();
  await tab.page.reload();
  answer.resolve();
  await tab.untilGoodFor(1_000_000);
  await tab.connectedAs("alice");
  expect(Date.now() - reloaded).toBeLessThan(8_000);
  expect(site.reuses).toBe(0);
  await expectNoSignOut([tab]);
});

test("B2 a refresh that takes twelve seconds: the other tabs wait for it and adopt it", async ({
  site,
  open,
}) => {
  test.setTimeout(60_000);
  const options = { refreshTimeout: 15_000 };
  const tabs = await openSignedIn(site, 4, () => open(options));
  const asked = deferred<void>();
  site.answering = () => {
    asked.resolve();
    return new Promise((resolve) => setTimeout(resolve, 12_000));
  };
  const tokens = await Promise.all(
    tabs.map((tab) => tab.page.evaluate(() => window.auth.session.getToken({ forceRefresh: true }))),
  );
  expect(new Set(tokens).size).toBe(1);
  expect([site.refreshes, site.reuses]).toEqual([1, 0]);
  for (const tab of tabs) {
    expect((await tab.statuses()).filter((status) => /^(signedOut|waiting)/.test(status))).toEqual([]);
  }
});

test("B10 B16 Alice signs out while a tab refreshes and another has emits unsent; Bob inherits nothing", async ({
  site,
  open,
}) => {
  const [leaving, refreshing, typing] = await openSignedIn(site, 3, open);
  if (!leaving || !refreshing || !typing) throw new Error("three tabs were opened");
  const answer = deferred<void>();
  const asked = deferred<void>();
  site.answering = () => {
    asked.resolve();
    return answer.promise;
  };
  const unanswered = typing.page.evaluate(() =>
    window.auth.socket.emitWithAck("hang", "alice's").catch((error) => error.code),
  );
  await expect.poll(() => site.heard.some(({ event }) => event === "hang")).toBe(true);
  const forced = refreshing.page.evaluate(() =>
    window.auth.session.getToken({ forceRefresh: true }).catch((error) => error.code),
  );
  await asked.promise;
  const unsent = typing.page.evaluate(() => {
    window.auth.disconnect();
    window.auth.socket.emit("late", "alice's");
    const answered = window.auth.socket.emitWithAck("later", "alice's").catch((error) => error.code);
    return answered;
  });
  await leaving.signOut();
  for (const tab of [leaving, refreshing]) await tab.until("signedOut");
  await typing.until("signedOut");
  answer.resolve();
  expect(await forced).toBe("signed_out");
  expect(await unsent).toBe("signed_out");
  expect(await unanswered).not.toBe("alice's");
  await leaving.signIn("bob");
  await typing.page.evaluate(() => void window.auth.connect());
  for (const tab of [leaving, refreshing, typing]) await tab.connectedAs("bob");
  await typing.page.evaluate(() => window.auth.socket.emitWithAck("last", "bob's"));
  expect(site.heard.filter(({ value }) => value === "alice's").map(({ event }) => event)).toEqual(["hang"]);
  expect(site.connected.slice(3)).toEqual(["bob", "bob", "bob"]);
  expect(site.recovered).toBe(0);
  expect(site.reuses).toBe(0);
});

for (const store of [undefined, "memory"] as const) {
  test(`B10 a sign-out and a sign-in reach every tab, with the ${store ?? "default"} store`, async ({
    open,
  }) => {
    const tabs = [await open({ store }), await open({ store }), await open({ store })] as const;
    await tabs[0].signIn("alice");
    for (const tab of tabs) await tab.connectedAs("alice");
    await tabs[1].signOut();
    for (const tab of tabs) await tab.until("signedOut");
    await tabs[2].signIn("bob");
    for (const tab of tabs) await tab.connectedAs("bob");
  });
}
