import { expect } from "playwright/test";
import { awayFrom, keepsPages } from "./absence.ts";
import type { Tab } from "./tab.ts";
import type { TabSite } from "./tab-site.ts";
import { test as base } from "./tab-test.ts";

const HOUR = 3_600_000;

interface AbsenceFixtures {
  /** Two tabs, both Alice's; the first has done what it may before it is left. */
  pair: (prepare: () => void) => Promise<[Tab, Tab]>;
  /** Leaves a page and comes back to it as it was. */
  away: (tab: Tab, meanwhile: () => Promise<void>) => Promise<void>;
}

const test = base.extend<AbsenceFixtures, object>({
  pair: async ({ signedIn, open }, use) => {
    await use(async (prepare) => {
      const [tab, other] = [await signedIn(), await open()];
      await other.connectedAs("alice");
      await tab.upgraded();
      await tab.page.evaluate(prepare);
      return [tab, other];
    });
  },
  away: async ({ newPage, goBack, devtools, site }, use) => {
    const isKept = await keepsPages(await newPage(), `${site.url}/blank`, goBack);
    await use((tab, meanwhile) =>
      awayFrom(tab, { site, isKept, goBack, devtools: () => devtools(tab) }, meanwhile),
    );
  },
  launchOptions: [
    // Playwright turns Chromium's cache off.
    async ({ launchOptions, browserName }, use) => {
      const ignoreDefaultArgs = ["--disable-back-forward-cache"];
      await use(browserName === "chromium" ? { ...launchOptions, ignoreDefaultArgs } : launchOptions);
    },
    { scope: "worker" },
  ],
});

/** What a page may do as it is left. Where it does nothing, the browser ends its connection. */
const pages = {
  "that does nothing about it": () => {},
  "that disconnects as it is left": () => {
    window.addEventListener("pagehide", () => {
      window.auth.disconnect();
      window.auth.socket.emit("typed", "alice's");
      window.asked = window.auth.socket.emitWithAck("asked", "alice's").then(
        () => "answered",
        (error) => error.code,
      );
    });
    window.addEventListener("pageshow", () => window.auth.connect());
  },
};

declare global {
  interface Window {
    /** what has become of the question that was not sent before the page was left */
    asked: Promise<string> | undefined;
  }
}

/** What has reached the server, once all that the page had to send has. */
async function heard(site: TabSite, tab: Tab): Promise<string[]> {
  await tab.page.evaluate(() => window.auth.socket.emitWithAck("last", true));
  return site.heard.map(({ user, event }) => `${user}: ${event}`);
}

for (const [words, prepare] of Object.entries(pages)) {
  test.describe(`a page ${words}, kept by the back/forward cache`, () => {
    const typed = words.includes("disconnects") ? ["alice: typed", "alice: asked"] : [];

    test("T23 whose token has expired meanwhile refreshes once, is connected, and sends what was unsent once", async ({
      site,
      signedIn,
      away,
    }) => {
      const tab = await signedIn();
      await tab.upgraded();
      await tab.page.evaluate(prepare);
      site.lifetimes = [3_000, HOUR];
      await tab.signIn("alice");
      await away(tab, async () => {
        await expect.poll(() => Date.now() > site.expiresAt, { timeout: 10_000 }).toBe(true);
      });
      await tab.untilGoodFor(1_000_000);
      await tab.connectedAs("alice");
      expect(await heard(site, tab)).toEqual([...typed, "alice: last"]);
      expect([site.refreshes, site.reuses]).toEqual([1, 0]);
      expect(await tab.page.evaluate(() => window.asked)).toBe(typed.length ? "answered" : undefined);
    });

    test("T23 B8 in whose absence another tab has refreshed adopts, and refreshes nothing", async ({
      site,
      pair,
      away,
    }) => {
      const [tab, other] = await pair(prepare);
      site.lifetimes = [3_000, HOUR];
      await tab.signIn("alice");
      await away(tab, () => other.untilGoodFor(1_000_000));
      await tab.untilGoodFor(1_000_000);
      await tab.connectedAs("alice");
      expect((await tab.tokens()).at(-1)).toBe((await other.tokens()).at(-1));
      expect(await heard(site, tab)).toEqual([...typed, "alice: last"]);
      expect([site.refreshes, site.reuses]).toEqual([1, 0]);
    });

    test("T23 B10 in whose absence another tab has signed out is signed out, and sends nothing", async ({
      site,
      pair,
      away,
    }) => {
      const [tab, other] = await pair(prepare);
      const connected = site.connected.length;
      await away(tab, () => other.signOut());
      await tab.until("signedOut");
      await tab.page.waitForFunction(() => window.auth.state.status === "signedOut");
      expect(await tab.page.evaluate(() => window.asked)).toBe(typed.length ? "signed_out" : undefined);
      await tab.page.evaluate(() => fetch("/blank").then((response) => response.text()));
      expect(site.heard).toEqual([]);
      expect(site.connected.length).toBe(connected);
    });

    test("T23 B16 in whose absence another user has signed in is that user's, and sends nothing of the former's", {
      tag: "@core",
    }, async ({ site, pair, away }) => {
      const [tab, other] = await pair(prepare);
      await away(tab, async () => {
        await other.signIn("bob");
        await other.connectedAs("bob");
      });
      await tab.connectedAs("bob");
      expect(await tab.page.evaluate(() => window.asked)).toBe(typed.length ? "user_changed" : undefined);
      expect(await heard(site, tab)).toEqual(["bob: last"]);
      expect(site.connected).toEqual(["alice", "alice", "bob", "bob"]);
      expect(site.recovered).toBe(0);
    });
  });
}
