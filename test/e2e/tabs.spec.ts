import { expect } from "playwright/test";
import { deferred } from "../support/deferred.ts";

import { Tab, type TabOptions } from "./tab.ts";
import type { TabSite } from "./tab-site.ts";
import { openSignedIn, test } from "./tab-test.ts";
import { TABS_HOST } from "./tabs-host.ts";

/**
 * WebKitGTK opens six connections to a host, WebSockets among them: eight tabs that poll would wait for the server's next ping,
 * also with plain Socket.IO (docs/browsers.md).
 */
const CROWDED: TabOptions =
  process.env.AUTHSOCKET_ENGINE === "webkit" ? { io: { transports: ["websocket"] } } : {};

/** Opens tabs of one user, whose tokens last for a moment each, for a number of rounds, and then for an hour. */
async function expireTogether(
  count: number,
  rounds: number,
  site: TabSite,
  open: () => Promise<Tab>,
): Promise<Tab[]> {
  const tabs = await openSignedIn(site, count, open);
  const [first] = tabs;
  site.lifetimes = [...Array.from({ length: rounds }, () => 500), 3_600_000];
  await first.signIn("alice");
  await Promise.all(tabs.map((tab) => tab.untilGoodFor(1_000_000, 50_000)));
  return tabs;
}

async function expectNoSignOut(tabs: Tab[]): Promise<void> {
  for (const tab of tabs) {
    expect((await tab.statuses()).filter((status) => status.startsWith("signedOut"))).toEqual([]);
  }
}

test("B2 T22 eight tabs that expire together refresh once a round, for five rounds", {
  tag: "@long",
}, async ({ site, open }) => {
  const tabs = await expireTogether(8, 5, site, () => open(CROWDED));
  expect(site.refreshes).toBe(5);
  expect(site.reuses).toBe(0);
  await expectNoSignOut(tabs);
});

test("B2 so they do on plain http, where there are no Web Locks", { tag: "@playwright" }, async ({
  site,
  newPage,
}) => {
  const tabs = await expireTogether(4, 5, site, async () =>
    Tab.open(await newPage(), `http://${TABS_HOST}:${site.port}`),
  );
  expect(await tabs[0]?.page.evaluate(() => [isSecureContext, "locks" in navigator])).toEqual([false, false]);
  expect(site.refreshes).toBe(5);
  expect(site.reuses).toBe(0);
  await expectNoSignOut(tabs);
});

for (const store of ["memory", "session"] as const) {
  test(`B2 tabs with a ${store} store take turns and never race`, async ({ site, open }) => {
    site.lifetimes = [1_000];
    const tabs = await openSignedIn(site, 3, () => open({ store }));
    await Promise.all(tabs.map((tab) => tab.page.waitForFunction(() => window.tokens.length >= 4)));
    expect(site.reuses).toBe(0);
    await expectNoSignOut(tabs);
  });
}

const REFRESH_TIMEOUT = 2_000;

/** Two tabs: one has sent a refresh that is not answered yet, the other wants a fresh token too and waits for its turn. */
async function holdRefresh(site: TabSite, open: (options: TabOptions) => Promise<Tab>) {
  const [holder, other] = await openSignedIn(site, 2, () => open({ refreshTimeout: REFRESH_TIMEOUT }));
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
  return { holder, other, answer, held, waited };
}

/** Whatever has become of the tab that refreshed, the other one refreshes in time. */
async function expectFreshInTime(site: TabSite, other: Tab, waited: Promise<number>): Promise<void> {
  // Half a second of grace, and what a busy machine takes.
  expect(await waited).toBeLessThan(REFRESH_TIMEOUT + 6_000);
  expect([site.refreshes, site.reuses]).toEqual([2, 0]);
  await expectNoSignOut([other]);
}

const inTime = "another has a fresh token in time, and nothing is used twice";

test(`B3 the tab that refreshes is closed: ${inTime}`, { tag: "@core" }, async ({ site, open }) => {
  const { holder, other, answer, waited } = await holdRefresh(site, open);
  await holder.page.close();
  // The browser takes in the cookie, though the page is no more.
  answer.resolve();
  await expectFreshInTime(site, other, waited);
});

test(`B3 the tab that refreshes crashes: ${inTime}`, { tag: "@chromium" }, async ({
  site,
  open,
  devtools,
}) => {
  const { holder, other, answer, waited } = await holdRefresh(site, open);
  const session = await devtools(holder);
  await session.send("Inspector.enable");
  const crashed = deferred<void>();
  session.once("Inspector.targetCrashed", () => crashed.resolve());
  void session.send("Page.crash").catch(() => {});
  await crashed.promise;
  answer.resolve();
  await expectFreshInTime(site, other, waited);
});

test(`B3 the tab that refreshes is frozen: ${inTime}, and it takes that one over when it thaws`, {
  tag: "@chromium",
}, async ({ site, open, devtools }) => {
  const { holder, other, answer, held, waited } = await holdRefresh(site, open);
  const session = await devtools(holder);
  // Stops the page's thread, as a freeze does; Chromium itself freezes only what is hidden for minutes.
  await session.send("Debugger.enable");
  await session.send("Debugger.pause");
  answer.resolve();
  await expectFreshInTime(site, other, waited);
  const [fresh] = (await other.tokens()).slice(-1);
  await session.send("Debugger.disable");
  await held;
  await expect.poll(() => holder.tokens().then((tokens) => tokens.at(-1))).toBe(fresh);
  expect((await other.tokens()).at(-1)).toBe(fresh);
  await expectNoSignOut([holder]);
});

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

test("B2 a refresh that takes twelve seconds: the other tabs wait for it and adopt it", {
  tag: "@long",
}, async ({ site, open }) => {
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
  test(`B10 a sign-out and a sign-in reach every tab, with the ${store ?? "default"} store`, {
    tag: "@core",
  }, async ({ open }) => {
    const tabs = [await open({ store }), await open({ store }), await open({ store })] as const;
    await tabs[0].signIn("alice");
    for (const tab of tabs) await tab.connectedAs("alice");
    await tabs[1].signOut();
    for (const tab of tabs) await tab.until("signedOut");
    await tabs[2].signIn("bob");
    for (const tab of tabs) await tab.connectedAs("bob");
  });
}

test("B6 another script refreshes with the same one-time cookie at random moments: nobody is signed out", {
  tag: "@chance",
}, async ({ site, open }) => {
  site.isLenient = true;
  site.lifetimes = [1_000];
  // Long enough for two requests to meet.
  site.answering = () => new Promise((resolve) => setTimeout(resolve, 300));
  // With the default backoff, the second try comes when the other script's answer has.
  const [tab] = await openSignedIn(site, 1, () => open({ retry: {} }));
  await tab.page.evaluate(() => {
    // Twice within a session's two tries is more than it can tell from its end (B6).
    const later = () => setTimeout(approach, 2_600);
    const approach = () => {
      const left = (window.auth.session.state.expiresAt ?? 0) - Date.now();
      // About when the session does it, too.
      if (left < 300 || left > 900) setTimeout(approach, 20);
      else setTimeout(refresh, left - Math.random() * 500);
    };
    const refresh = () => {
      void fetch("/refresh", { method: "POST" });
      later();
    };
    later();
  });
  await tab.page.waitForFunction(() => window.statuses.includes("waiting:refresh_failed"), undefined, {
    timeout: 50_000,
  });
  await tab.untilGoodFor(500);
  expect(site.reuses).toBeGreaterThanOrEqual(1);
  await expectNoSignOut([tab]);
  await tab.connectedAs("alice");
});

test("B2 B6 T22 a second session of the origin that is denied its first refresh asks once", async ({
  site,
  open,
}) => {
  const [tab] = await openSignedIn(site, 1, open);
  const [asked, status] = await tab.page.evaluate(async () => {
    let count = 0;
    // Its name comes behind the first one's: the database goes through its records in their order.
    const session = new window.authsocket.AuthSession({
      name: "zz",
      store: window.authsocket.memoryStore(),
      refresh: () => {
        count++;
        return count < 50 ? null : new Promise(() => {});
      },
    });
    const ready = await session.whenReady();
    return [count, ready.status] as const;
  });
  expect([asked, status]).toEqual([1, "signedOut"]);
});
