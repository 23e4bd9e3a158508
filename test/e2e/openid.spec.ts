import { expect } from "playwright/test";
import type { DemoPage } from "./demo-page.ts";
import { test } from "./demo-test.ts";

// Renewed by oidc-client-ts four seconds before their end.
test.use({ path: "/openid", accessTokenLifetime: 10_000 });

test.describe("the page with an OpenID provider", () => {
  test("the provider's client signs in and renews the tokens, and the connection lives on", async ({
    demo,
    server,
  }) => {
    await demo.open();
    await signInAtProvider(demo);
    expect(new URL(demo.page.url()).search).toBe("");
    await demo.say("hello");
    await demo.expectSent("hello");

    await expect.poll(() => demo.count("renewals"), { timeout: 30_000 }).toBeGreaterThanOrEqual(2);
    await expect(demo.log).toContainText("Token refreshed by the provider’s client");
    expect(await demo.count("ticks-lost")).toBe(0);
    const kinds = server.history.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind !== "chat")).toEqual(["connected"]);
  });

  test("a token that the server refuses costs one renewal by the provider's client", async ({
    demo,
    server,
  }) => {
    await demo.open();
    await signInAtProvider(demo);
    await demo.press("Refuse the token as expired");
    await expect(demo.log).toContainText("Connected again");
    await demo.expectConnected();
    expect(server.refusals).toEqual(["token_expired"]);
  });

  test("a sign-out outlives a reload, and a sign-in undoes it", async ({ demo }) => {
    await demo.open();
    await signInAtProvider(demo);
    await demo.signOut();
    await demo.page.reload();
    await demo.expectStage("signedOut");
    await signInAtProvider(demo, "bob", "builder");
    await expect(demo.page.getByRole("region", { name: "State" })).toContainText("bob");
  });

  test("a session that has ended at the server ends here with the next renewal", async ({ demo, server }) => {
    await demo.open();
    await signInAtProvider(demo);
    await demo.press("Next refresh fails with 401");
    await demo.expectStage("signedOut");
    expect(server.refreshes).toEqual([]);
  });
});

async function signInAtProvider(demo: DemoPage, username = "alice", password = "wonderland"): Promise<void> {
  await demo.expectStage("signedOut");
  await demo.button("Sign in with OpenID").click();
  await expect(demo.page).toHaveTitle(/OpenID provider/);
  await demo.page.getByLabel("Username").fill(username);
  await demo.page.getByLabel("Password").fill(password);
  await demo.button("Sign in").click();
  await demo.expectConnected();
}
