import { type BrowserContext, test as base, expect, type Page } from "playwright/test";
import type {} from "./identity/fake-page.ts";
import type {} from "./identity/page.ts";
import { type IdentityPage, IdentitySite } from "./identity-site.ts";

/** A tab whose user is signed in by an SDK. */
class IdentityTab {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  static async open(context: BrowserContext, url: string): Promise<IdentityTab> {
    const page = await context.newPage();
    await page.goto(url);
    await page.waitForFunction(() => window.sdk !== undefined);
    return new IdentityTab(page);
  }

  async signIn(user: string): Promise<void> {
    // The page may leave for the provider's in the midst of it.
    await this.page.evaluate((name) => window.sdk.signIn(name), user).catch(() => {});
  }

  signOut(): Promise<void> {
    return this.page.evaluate(() => window.sdk.signOut());
  }

  async connectedAs(user: string, timeout = 20_000): Promise<void> {
    const connected = (name: string) =>
      window.auth?.state.status === "connected" &&
      window.auth.session.state.status === "signedIn" &&
      window.auth.session.state.subject === name;
    await this.page.waitForFunction(connected, user, { polling: 20, timeout });
  }

  async signedOut(timeout: number): Promise<void> {
    const signedOut = () => window.auth.session.state.status === "signedOut";
    await this.page.waitForFunction(signedOut, undefined, { polling: 20, timeout });
  }

  token(): Promise<string | undefined> {
    return this.page.evaluate(() => window.auth.session.token);
  }

  /** Waits until it has a token that it did not have. */
  async untilTokenIsNot(token: string | undefined): Promise<string | undefined> {
    const other = (old: string | undefined) =>
      window.auth.session.token !== undefined && window.auth.session.token !== old;
    await this.page.waitForFunction(other, token, { polling: 20 });
    return this.token();
  }

  /** What the session went through since the last time, once for each change. */
  sessions(): Promise<string[]> {
    return this.page.evaluate(() => window.sessions.splice(0));
  }

  echoes(): Promise<{ answered: number; rejected: number }> {
    return this.page.evaluate(() => window.echoes);
  }
}

const test = base.extend<{
  site: IdentitySite;
  tabs: (page: IdentityPage, count: number) => Promise<IdentityTab[]>;
}>({
  site: async ({ browserName: _ }, use) => {
    const site = await IdentitySite.start();
    await use(site);
    await site.close();
  },
  /** Opens tabs that are all connected as Alice, who has signed in in the first. */
  tabs: async ({ context, site }, use) => {
    await use(async (page, count) => {
      const open = () => IdentityTab.open(context, site.page(page));
      const first = await open();
      await first.signIn("alice");
      await first.connectedAs("alice");
      const others = await Promise.all(Array.from({ length: count - 1 }, open));
      await Promise.all(others.map((tab) => tab.connectedAs("alice")));
      const all = [first, ...others];
      for (const tab of all) await tab.sessions();
      return all;
    });
  },
});

const RENEWALS = 30;

test(`B23 three tabs of an SDK that announces each renewal in all of them: ${RENEWALS} renewals, no refresh, reconnect or ack beside them`, async ({
  site,
  tabs,
}) => {
  const [first, ...others] = await tabs("fake", 3);
  await first?.page.evaluate(async (count) => {
    for (let renewal = 0; renewal < count; renewal++) {
      await window.fake.renew();
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
  }, RENEWALS);
  expect(site.fetched).toEqual({ login: 1, own: RENEWALS, forced: 0 });
  expect(site.connected).toEqual(["alice", "alice", "alice"]);
  const token = await first?.token();
  for (const tab of others) await expect.poll(() => tab.token()).toBe(token);
  for (const tab of [first, ...others]) {
    const { answered, rejected } = (await tab?.echoes()) ?? {};
    expect(rejected).toBe(0);
    expect(answered).toBeGreaterThan(RENEWALS);
  }
});

for (const sdk of ["announces it in all of them", "tells its other tabs nothing"]) {
  test(`B10 a sign-out in one of three tabs, whose SDK ${sdk}, is in all within a second`, async ({
    site,
    tabs,
  }) => {
    site.isSilent = sdk.startsWith("tells");
    const all = await tabs("fake", 3);
    await all[0]?.signOut();
    await Promise.all(all.map((tab) => tab.signedOut(1_000)));
    for (const tab of all) expect((await tab.sessions()).at(-1)).toBe("signedOut");
  });
}

test("B27 one refused token in three tabs makes the SDK go past its cache once", async ({ site, tabs }) => {
  const all = await tabs("fake", 3);
  const refused = await all[0]?.token();
  site.refuseTokens();
  await Promise.all(all.map((tab) => tab.untilTokenIsNot(refused)));
  await Promise.all(all.map((tab) => tab.connectedAs("alice")));
  expect(site.fetched).toEqual({ login: 1, own: 0, forced: 1 });
});

test("2 an SDK that still loads leaves the session unknown, not signed out", async ({
  site,
  tabs,
  context,
}) => {
  await tabs("fake", 1);
  const tab = await IdentityTab.open(context, `${site.page("fake")}?late`);
  expect(await tab.page.evaluate(() => window.auth.session.state.status)).not.toBe("signedOut");
  const ready = tab.page.evaluate(async () => {
    window.fake.load();
    return (await window.auth.session.whenReady()).status;
  });
  expect(await ready).toBe("signedIn");
  await tab.connectedAs("alice");
  expect(await tab.sessions()).not.toContain("signedOut");
});

test("B10 signOut() outlives a reload, though the SDK still holds a token, until signIn()", async ({
  tabs,
}) => {
  const [tab, other] = await tabs("fake", 2);
  await tab?.page.evaluate(() => window.auth.session.signOut());
  await other?.signedOut(1_000);
  await tab?.page.reload();
  const status = await tab?.page.evaluate(async () => (await window.auth.session.whenReady()).status);
  expect(status).toBe("signedOut");
  await tab?.page.evaluate(() => window.auth.session.signIn());
  await tab?.connectedAs("alice");
  await other?.connectedAs("alice");
});

test("B16 another user in one tab is another user in all, who inherits nothing", async ({ site, tabs }) => {
  const all = await tabs("fake", 2);
  for (const tab of all) {
    await tab.page.evaluate(() => {
      window.auth.disconnect();
      window.auth.socket.emit("secret of alice");
    });
  }
  await all[0]?.signIn("bob");
  for (const tab of all) await tab.page.evaluate(() => window.auth.connect());
  await Promise.all(all.map((tab) => tab.connectedAs("bob")));
  await all[0]?.page.evaluate(() => window.auth.socket.emitWithAck("echo"));
  expect(site.secrets).toEqual([]);
});

const ROUNDS = 3;

// Auth0's client takes a token with less than a minute left for expired: with these it renews whenever it is asked.
for (const sdk of ["oidc", "supabase", "auth0"] as const) {
  test.describe(`${sdk} in two tabs, tokens of four seconds and one-time refresh tokens`, () => {
    test("B10 a sign-out in one is in both within a second", async ({ tabs }) => {
      const all = await tabs(sdk, 2);
      await all[0]?.signOut();
      await Promise.all(all.map((tab) => tab.signedOut(1_000)));
    });

    test("B6 where a thief has used a refresh token, both end with session_expired, once", async ({
      site,
      tabs,
    }) => {
      const all = await tabs(sdk, 2);
      const [first] = all;
      const stolen = await first?.page.evaluate(() => window.sdk.refreshToken());
      // Twice: the one before the current is forgiven by Supabase.
      for (let used = 0; used < 2; used++) {
        await first?.page.evaluate(() => window.auth.session.getToken({ forceRefresh: true }));
      }
      expect(await site.steal(sdk, stolen ?? "")).toBe(400);
      await Promise.all(all.map((tab) => tab.signedOut(15_000)));
      for (const tab of all) {
        const ends = (await tab.sessions()).filter((session) => session.startsWith("signedOut"));
        expect(ends).toEqual(["signedOut:session_expired"]);
      }
    });

    test(`B2 ${ROUNDS} tokens long nobody is signed out, and no refresh token is used twice`, async ({
      site,
      tabs,
    }) => {
      const all = await tabs(sdk, 2);
      for (const tab of all) {
        let token = await tab.token();
        for (let round = 0; round < ROUNDS; round++) token = await tab.untilTokenIsNot(token);
      }
      await Promise.all(all.map((tab) => tab.connectedAs("alice")));
      expect(site.provider.refusals + site.gotrue.refusals).toBe(0);
      // Four seconds a token, and no client that is asked without need: Auth0's renews at each question.
      expect(site.provider.refreshes).toBeLessThanOrEqual(8 * ROUNDS);
      for (const tab of all) expect((await tab.sessions()).join()).not.toContain("signedOut");
    });

    test("B16 another user in one is another user in both", async ({ tabs }) => {
      const all = await tabs(sdk, 2);
      await all[0]?.signIn("bob");
      await Promise.all(all.map((tab) => tab.connectedAs("bob")));
    });
  });
}
