import { expect, type Page } from "playwright/test";
import { on, test } from "./demo-test.ts";

on("script-tag page", () => {
  test.describe("with 3-second tokens", () => {
    // Short, so that the page's first token has expired by the time that it is tried.
    test.use({ accessTokenLifetime: 3_000 });

    test("technique 1: handshakes without a good token are refused with their codes, before `connection`", async ({
      demo,
      server,
    }) => {
      await demo.openSignedIn();
      await demo.view("Handshake");
      const result = (kind: string) => demo.page.getByTestId(`try-${kind}`);

      await demo.button("Valid token").click();
      await expect(result("valid")).toContainText("connected");
      const connections = server.history.filter(({ kind }) => kind === "connected").length;

      await demo.button("No token").click();
      await expect(result("missing")).toContainText("token_missing");
      await demo.button("Invalid token").click();
      await expect(result("invalid")).toContainText("token_invalid");
      await expect(demo.button("Expired token")).toBeEnabled();
      await demo.button("Expired token").click();
      await expect(result("expired")).toContainText("token_expired");
      await demo.button("Token in the URL").click();
      await expect(result("url")).toContainText("token_in_url");
      await demo.button("Token in a query").click();
      await expect(result("query")).toContainText("HTTP 400");

      expect(server.refusals).toEqual(["token_missing", "token_invalid", "token_expired"]);
      expect(server.history.filter(({ kind }) => kind === "connected")).toHaveLength(connections);
      // The page's own connection has had no part in it.
      await demo.expectConnected();
    });
  });
});

on("single-page app", () => {
  test("technique 2: the server knows id, name, email and role from the token, on its own socket", async ({
    demo,
  }) => {
    await demo.openSignedIn("admin");
    await demo.view("Handshake");
    const panel = demo.page.getByRole("region", { name: "Who the server says you are" });
    for (const [name, value] of [
      ["id", "user-3"],
      ["username", "admin"],
      ["email", "admin@example.com"],
      ["role", "admin"],
    ]) {
      await expect(panel.getByTestId(`whoami-${name}`)).toHaveText(value ?? "");
    }
    await demo.signOut();
    await demo.signIn("bob");
    await expect(panel.getByTestId("whoami-role")).toHaveText("user");
    await expect(panel.getByTestId("whoami-id")).toHaveText("user-2");
  });

  test("technique 3: the token lies where the page says, in localStorage, sessionStorage or memory", async ({
    demo,
    server,
  }) => {
    await demo.openSignedIn();
    await demo.view("Handshake");
    const link = (name: string) =>
      demo.page.getByRole("region", { name: "Where the token is kept" }).getByRole("link", { name });
    await expect(link("localStorage")).toHaveAttribute("aria-current", "true");
    expect(await storedTokens(demo.page)).toEqual({ local: true, session: false });

    await link("sessionStorage").click();
    await expect(link("sessionStorage")).toHaveAttribute("aria-current", "true");
    await demo.expectConnected();
    expect(await storedTokens(demo.page)).toEqual({ local: false, session: true });

    await link("Memory").click();
    await expect(link("Memory")).toHaveAttribute("aria-current", "true");
    await demo.expectConnected();
    expect(await storedTokens(demo.page)).toEqual({ local: false, session: false });

    // The choice outlives a reload, and the refresh cookie brings the token that memory has lost.
    const before = server.refreshes.length;
    await demo.page.reload();
    await expect(link("Memory")).toHaveAttribute("aria-current", "true");
    await demo.expectConnected();
    expect(server.refreshes.slice(before)).toEqual([200]);
    expect(server.refusals).toEqual([]);
  });
});

function storedTokens(page: Page): Promise<{ local: boolean; session: boolean }> {
  return page.evaluate(() => ({
    local: localStorage.getItem("authToken") !== null,
    session: sessionStorage.getItem("authToken") !== null,
  }));
}
