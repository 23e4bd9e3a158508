import { test as base, expect, type WebSocketRoute } from "playwright/test";
import { AppPage } from "./app-page.ts";
import { type AppName, type AppSite, appNames, previewApp } from "./app-site.ts";

const test = base.extend<{
  name: AppName;
  /** ms */
  accessTokenLifetime: number;
  site: AppSite;
  app: AppPage;
}>({
  name: ["React", { option: true }],
  accessTokenLifetime: [60_000, { option: true }],
  site: async ({ name, accessTokenLifetime }, use) => {
    const site = await previewApp(name, accessTokenLifetime);
    await use(site);
    await site.close();
  },
  app: async ({ page, site }, use) => {
    const app = new AppPage(page, site.url);
    await use(app);
    expect(app.complaints).toEqual([]);
  },
});

for (const name of appNames) {
  test.describe(`the app with ${name}`, () => {
    test.use({ name });

    test.describe("with tokens of six seconds", () => {
      test.use({ accessTokenLifetime: 6_000 });

      test("signs in, outlives three expiries, signs out, and lets another user in", async ({
        app,
        site,
      }) => {
        const { server } = site;
        await app.open("/account");
        await app.expectSignInPage();
        // Whether somebody is signed in took one refresh, and no connection.
        expect(server.history).toEqual([{ kind: "refresh", status: 401 }]);

        await app.signIn("alice");
        await app.say("before");
        await expect(app.lines).toHaveText(["alicebefore"]);
        const renewals = () => server.refreshes.filter((status) => status === 200).length;
        await expect.poll(renewals, { timeout: 40_000 }).toBeGreaterThanOrEqual(3);
        await app.say("after");
        await expect(app.lines).toHaveText(["alicebefore", "aliceafter"]);
        expect(server.history.filter(({ kind }) => kind === "disconnected")).toEqual([]);

        // Where the server cannot be told, a reload would sign the user in again.
        await app.page.route("**/api/logout", (route) => route.abort("internetdisconnected"));
        await app.button("Sign out").click();
        await expect(app.page.getByRole("alert")).toHaveText(
          "The server cannot be reached: you are still signed in. Please try again.",
        );
        await app.expectConnected();
        await app.page.unroute("**/api/logout");
        await app.button("Sign out").click();
        await app.expectSignInPage();
        await expect.poll(() => server.connections).toBe(0);

        await app.signIn("bob");
        await expect(app.lines).toHaveCount(0);
        await app.say("hello");
        await expect(app.lines).toHaveText(["bobhello"]);
        expect(server.refusals).toEqual([]);
      });

      test("shows on the account page the user whom another tab has signed in", async ({ app, site }) => {
        await app.open();
        await app.signIn("alice");
        await app.go("Account");
        await expect(app.page.getByText("alice@example.com")).toBeVisible();

        const other = new AppPage(await app.page.context().newPage(), site.url);
        await other.open("/sign-in");
        await other.signIn("bob");
        await expect(app.page.getByText("bob@example.com")).toBeVisible();
        await expect(app.page.getByText("alice@example.com")).toHaveCount(0);
        expect(other.complaints).toEqual([]);
      });
    });

    test("shows nothing of one user to the next, whom another tab has signed in", async ({ app, site }) => {
      const sockets: WebSocketRoute[] = [];
      await app.page.routeWebSocket(/socket\.io/, (socket) => {
        socket.connectToServer();
        sockets.push(socket);
      });
      await app.open();
      await app.signIn("alice");
      await app.say("hello");
      await expect(app.lines).toHaveText(["alicehello"]);

      // What alice sends now cannot be sent any more once bob is signed in.
      await expect.poll(() => sockets.length).toBe(1);
      await app.page.route(/socket\.io/, (route) => route.abort("internetdisconnected"));
      for (const socket of sockets) await socket.close();
      await expect(app.page.getByRole("status")).toHaveText("Connecting…");
      await app.say("for alice's eyes");
      await app.message.fill("a draft of alice's");

      const other = new AppPage(await app.page.context().newPage(), site.url);
      await other.open("/sign-in");
      await other.signIn("bob");
      await app.page.unroute(/socket\.io/);
      await app.expectConnected();
      await expect(app.lines).toHaveCount(0);
      await expect(app.message).toHaveValue("");
      await app.say("hi");
      await expect(app.lines).toHaveText(["bobhi"]);
      await expect(app.page.getByRole("alert")).toHaveCount(0);
      await expect(app.page.getByText("alice")).toHaveCount(0);
      expect(site.server.said).not.toContain("for alice's eyes");
      expect(other.complaints).toEqual([]);
    });

    test("comes back to a guarded page by one refresh after a reload, once the network is there", async ({
      app,
      site: { server },
    }) => {
      await app.open();
      await app.signIn("alice");
      await app.go("Account");
      await expect(app.page.getByText("alice@example.com")).toBeVisible();
      const before = server.refreshes.length;

      let isDown = true;
      await app.page.route("**/api/refresh-token", (route) =>
        isDown ? route.abort("internetdisconnected") : route.continue(),
      );
      const asked = app.page.waitForEvent("requestfailed");
      await app.page.reload();
      await asked;
      await expect(app.page.getByText("Checking who is signed in…")).toBeVisible();
      await expect(app.page).toHaveURL(/\/account$/);
      isDown = false;
      await app.page.evaluate(() => window.dispatchEvent(new Event("online")));
      await expect(app.page.getByText("alice@example.com")).toBeVisible();
      expect(server.refreshes.slice(before)[0]).toBe(200);
    });

    test("keeps one connection while components come and go", async ({ app, site: { server } }) => {
      await app.open();
      await app.signIn("alice");
      await app.button("Hide the connection").click();
      await app.say("still here");
      await expect(app.lines).toHaveText(["alicestill here"]);

      await app.say("on my way out");
      await app.go("Account");
      await app.expectConnected();
      await app.go("Chat");
      await app.expectConnected();
      expect(server.said).toEqual(["still here", "on my way out"]);
      expect(server.history.filter(({ kind }) => kind === "disconnected")).toEqual([]);
      expect(server.connections).toBe(1);
    });
  });
}
