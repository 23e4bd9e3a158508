import { expect } from "playwright/test";
import { on, test } from "./demo-test.ts";

on("single-page app", () => {
  test("technique 4: a server session that has ended is renewed at its endpoint, and the engine opened anew", async ({
    demo,
    context,
    server,
  }) => {
    await demo.openSignedIn();
    await demo.view("Connections");
    const panel = demo.page.getByRole("region", { name: "A session by cookie" });
    const state = panel.getByTestId("cookie-status");
    const visits = panel.getByTestId("cookie-visits");
    await panel.getByRole("button", { name: "Connect by cookie" }).click();
    await expect(state).toHaveAttribute("data-status", "connected");
    await expect(panel.getByTestId("cookie-user")).toHaveText("alice");
    const first = Number(await visits.textContent());
    const cookies = async () =>
      (await context.cookies(server.url)).map(({ name, httpOnly }) => [name, httpOnly]);
    for (const [, httpOnly] of await cookies()) expect(httpOnly).toBe(true);

    // A new engine in the same session is one more visit of it.
    await panel.getByRole("button", { name: "Disconnect" }).click();
    await panel.getByRole("button", { name: "Connect by cookie" }).click();
    await expect(visits).toHaveText(String(first + 1));

    const renewed = demo.page.waitForResponse(
      (response) => response.url().endsWith("/api/session") && response.request().method() === "POST",
    );
    await panel.getByRole("button", { name: "End the server session" }).click();
    expect((await renewed).status()).toBe(204);
    await expect(visits).toHaveText("1");
    await expect(state).toHaveAttribute("data-status", "connected");
    // The connection by token has had no part in it.
    await demo.expectConnected();
  });

  test("technique 5: guests see who is here without any token, before sign-in and after", async ({
    demo,
    visit,
    server,
  }) => {
    await demo.open();
    await demo.expectStage("signedOut");
    const panel = demo.page.getByRole("region", { name: "Guests" });
    await expect(panel.getByTestId("guests")).toHaveText("1");
    await expect(panel.getByTestId("users")).toHaveText("0");
    await panel.getByRole("button", { name: "Ask the server’s time" }).click();
    await expect(panel.getByTestId("server-time")).toHaveText(/^\d\d:\d\d:\d\d$/);

    await demo.signIn("alice");
    await expect(panel.getByTestId("guests")).toHaveText("0");
    await expect(panel.getByTestId("users")).toHaveText("1");
    const guest = await visit();
    await guest.open();
    await expect(panel.getByTestId("guests")).toHaveText("1");
    expect(server.refusals).toEqual([]);
  });

  test("technique 5: /admin refuses who is no administrator as `forbidden`, and no refresh is made", async ({
    demo,
    server,
  }) => {
    await demo.openSignedIn("alice");
    await expect(demo.page.getByRole("link", { name: "Console" })).toBeHidden();
    await demo.view("Connections");
    const before = server.refreshes.length;
    await demo.button("Connect to /admin").click();
    const door = demo.page.getByTestId("door-admin");
    await expect(door).toHaveAttribute("data-status", "refused");
    await expect(door).toHaveText("Refused: forbidden");
    await expect(demo.page.getByTestId("door-default")).toHaveAttribute("data-status", "connected");
    await expect(demo.page.getByTestId("door-public")).toHaveAttribute("data-status", "connected");
    expect(server.refusals).toEqual(["insufficient_scope"]);
    expect(server.refreshes).toHaveLength(before);
  });

  test("technique 7: “sign out everywhere” ends the session on every device, for good", async ({
    demo,
    visit,
    server,
  }) => {
    const other = await visit();
    await other.openSignedIn("alice");
    await demo.openSignedIn("alice");
    await demo.view("Connections");
    await demo.button("Sign out everywhere").click();
    await demo.expectStage("signedOut");
    await other.expectStage("signedOut");
    await expect(other.page.getByRole("region", { name: "Sign in" })).toContainText("signed out everywhere");
    await other.page.reload();
    await other.expectStage("signedOut");
    expect(server.refreshes.at(-1)).not.toBe(200);
  });
});
