import { expect } from "playwright/test";
import { test } from "./tab-test.ts";

const HOUR = 3_600_000;

test("T23 B4 a laptop that has slept for two hours refreshes once as it wakes up, and is back", {
  tag: ["@playwright", "@core"],
}, async ({ site, signedIn, context }) => {
  site.lifetimes = [HOUR / 4, HOUR];
  await context.clock.install();
  const tab = await signedIn();
  await context.clock.fastForward("02:00:00");
  await tab.page.evaluate(() => window.dispatchEvent(new Event("focus")));
  await expect.poll(async () => (await tab.tokens()).length).toBe(2);
  await tab.connectedAs("alice");
  expect(site.refreshes).toBe(1);
  expect(await tab.statuses()).not.toContain("signedOut:session_expired");
});

for (const [words, jump] of [
  ["ahead", 2 * HOUR],
  ["back", -2 * HOUR],
] as const) {
  test(`B5 T23 a clock that jumps two hours ${words} costs one refresh at most, and nobody the session`, {
    tag: "@playwright",
  }, async ({ site, signedIn, context }) => {
    site.lifetimes = [HOUR];
    await context.clock.install();
    const tab = await signedIn();
    await context.clock.setSystemTime(Date.now() + jump);
    for (const event of ["focus", "pageshow", "online"]) {
      await tab.page.evaluate((type) => window.dispatchEvent(new Event(type)), event);
    }
    await tab.page.evaluate(() => window.auth.socket.emitWithAck("still here", true));
    await tab.page.evaluate(() => window.auth.session.getToken());
    await tab.connectedAs("alice");
    expect(site.refreshes).toBeLessThanOrEqual(1);
    // Socket.IO takes two hours without a ping for a dead line, and opens another.
    expect(site.connected.length).toBeLessThanOrEqual(2);
    expect(await tab.statuses()).not.toContain("signedOut");
  });
}

test("B4 a tab whose timers do not run is woken by the server's notice, and stays connected", {
  tag: "@playwright",
}, async ({ site, signedIn, context }) => {
  // The notice comes a tenth of the lifetime before the cut: time enough for a renewal on a machine that is busy.
  site.lifetimes = [10_000, HOUR];
  const tab = await signedIn();
  // From here on no timer of the page fires; packets still arrive.
  await context.clock.install();
  await context.clock.pauseAt(Date.now() + 500);
  await expect.poll(async () => (await tab.tokens()).length, { timeout: 20_000 }).toBe(2);
  await expect.poll(() => site.renewals).toBe(1);
  expect(site.refreshes).toBe(1);
  expect(site.connected).toEqual(["alice"]);
});

test("T18 T23 twenty seconds without network, in which the token expires, cost one refresh as it comes back", {
  tag: ["@playwright", "@long"],
}, async ({ site, signedIn, context }) => {
  const tab = await signedIn({ leeway: 1_000 });
  site.lifetimes = [4_000, HOUR];
  await tab.signIn("alice");
  await expect.poll(() => site.renewals).toBe(1);
  await context.setOffline(true);
  const offlineSince = tab.page.evaluate(() => Date.now());
  await tab.until("waiting");
  await tab.page.waitForFunction(() => window.auth.state.status === "connecting");
  await tab.page.evaluate(() => void window.auth.socket.emit("typed offline", 1));
  await tab.page.waitForFunction((until) => Date.now() > until, (await offlineSince) + 20_000);
  expect((await tab.statuses()).at(-1)).toMatch(/^(waiting|refreshing)/);
  await context.setOffline(false);
  // At once, not after a backoff that has grown meanwhile.
  await tab.untilGoodFor(1_000_000, 5_000);
  await tab.connectedAs("alice");
  await expect.poll(() => site.heard.map(({ event }) => event)).toEqual(["typed offline"]);
  expect(site.refreshes).toBe(1);
});

// Playwright turns the back/forward cache off, as some users do: see back-forward-cache.spec.ts.
test("T23 a page that is loaded anew as one goes back to it after its token has expired refreshes once and is connected", async ({
  site,
  signedIn,
  goBack,
}) => {
  const tab = await signedIn();
  site.lifetimes = [3_000, HOUR];
  await tab.signIn("alice");
  await tab.page.goto(`${site.url}/blank`);
  await expect.poll(() => Date.now() > site.expiresAt, { timeout: 10_000 }).toBe(true);
  await goBack(tab.page);
  await tab.untilGoodFor(1_000_000);
  await tab.connectedAs("alice");
  expect([site.refreshes, site.reuses]).toEqual([1, 0]);
});

const spoiled: [string, () => void][] = [
  [
    "throws at every touch",
    () =>
      Object.defineProperty(window, "localStorage", {
        get() {
          throw new DOMException("denied", "SecurityError");
        },
      }),
  ],
  [
    "throws at every touch, like all that tabs could share,",
    () => {
      for (const name of ["localStorage", "indexedDB"]) {
        Object.defineProperty(window, name, {
          get() {
            throw new DOMException("denied", "SecurityError");
          },
        });
      }
      window.BroadcastChannel = class {
        constructor() {
          throw new DOMException("denied", "SecurityError");
        }
      } as unknown as typeof BroadcastChannel;
    },
  ],
  [
    "is full",
    () => {
      Storage.prototype.setItem = () => {
        throw new DOMException("full", "QuotaExceededError");
      };
    },
  ],
];

for (const [words, spoil] of spoiled) {
  test(`B9 storage that ${words} is one warning, and the session goes on from memory`, {
    tag: "@playwright",
  }, async ({ site, open, context }) => {
    site.lifetimes = [1_000, 1_000, HOUR];
    await context.addInitScript(spoil);
    const tab = await open();
    await tab.signIn("alice");
    await tab.untilGoodFor(1_000_000);
    await tab.connectedAs("alice");
    const { warning } = await tab.page.evaluate(() => window.auth.session.state);
    expect(String(warning)).toContain("kept in memory");
    expect((await tab.statuses()).filter((status) => status === "signedOut:session_expired")).toEqual([]);
    expect(site.reuses).toBe(0);
  });
}

test("B8 storage that is emptied or half written by somebody else is no sign-out, for any tab", async ({
  site,
  open,
  signedIn,
}) => {
  const [first, second] = [await signedIn(), await open()];
  await second.connectedAs("alice");
  await second.page.evaluate(() =>
    window.addEventListener(
      "storage",
      (event) => event.key === "fence" && Reflect.set(window, "noticed", true),
    ),
  );
  await first.page.evaluate(() => {
    localStorage.clear();
    localStorage.setItem("authToken:meta", '{"of":');
    localStorage.setItem("fence", "1");
  });
  await second.page.waitForFunction(() => Reflect.get(window, "noticed"));
  for (const tab of [first, second]) {
    await tab.connectedAs("alice");
    await tab.page.evaluate(() => window.auth.session.getToken({ forceRefresh: true }));
    await tab.connectedAs("alice");
  }
  expect(site.reuses).toBe(0);
  expect(site.connected).toEqual(["alice", "alice"]);
});
