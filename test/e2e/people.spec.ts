import { expect } from "playwright/test";
import { on, test } from "./demo-test.ts";

on("script-tag page", () => {
  test("technique 6: who is disconnected by an administrator reads the reason, and may come back", async ({
    demo,
    visit,
  }) => {
    const alice = await visit();
    await alice.openSignedIn("alice");
    await demo.openSignedIn("admin");
    await demo.view("Console");
    const card = demo.user("alice");
    await expect(card.getByTestId("presence")).toHaveText("Connected from 1 device");
    await card.getByRole("textbox").fill("Time for tea");
    await card.getByRole("button", { name: "Disconnect" }).click();

    await expect(alice.refusal).toContainText("Time for tea");
    await expect(alice.socket).toHaveAttribute("data-status", "refused");
    await expect(card.getByTestId("presence")).toHaveText("Fully disconnected");
    await alice.button("Reconnect").click();
    await alice.expectConnected();
    await expect(card.getByTestId("presence")).toHaveText("Connected from 1 device");
  });

  test("technique 6: who is suspended stays out, sign-in and refresh included, until it is lifted", async ({
    demo,
    visit,
    server,
  }) => {
    const bob = await visit();
    await bob.openSignedIn("bob");
    await demo.openSignedIn("admin");
    await demo.view("Console");
    const card = demo.user("bob");
    const before = server.refreshes.length;
    await card.getByRole("button", { name: "Suspend" }).click();
    await expect(card).toContainText("suspended");

    await bob.expectStage("signedOut");
    await expect(bob.page.getByRole("region", { name: "Sign in" })).toContainText("“suspended”");
    expect(server.refreshes.slice(before)).toEqual([403, 403]);
    await bob.signIn("bob", "builder", { expectSuccess: false });
    await expect(bob.page.getByRole("alert").filter({ hasText: /./ })).toContainText(
      "This account is suspended.",
    );
    await bob.expectStage("signedOut");

    await card.getByRole("button", { name: "Lift the suspension" }).click();
    await expect(card.getByRole("button", { name: "Suspend" })).toBeVisible();
    await bob.button("Sign in").click();
    await bob.expectConnected();
  });

  test("technique 6: an administrator who is demoted loses the console at once, and nothing else", async ({
    demo,
    server,
  }) => {
    await demo.openSignedIn("admin");
    await demo.view("Console");
    await demo.user("admin").getByRole("button", { name: "Make an ordinary user" }).click();

    // The token still says `admin`.
    await expect(demo.note).toContainText("no longer an administrator");
    await expect(demo.page.getByTestId("console-status")).toHaveAttribute("data-status", "refused");
    await expect(demo.socket).toHaveAttribute("data-status", "connected");
    expect(server.history.filter(({ kind }) => kind === "disconnected")).toEqual([]);
  });

  test("technique 8: the console shows a user's devices live, reaches all of them, and sees the last one leave", async ({
    demo,
    visit,
  }) => {
    await demo.openSignedIn("admin");
    await demo.view("Console");
    const card = demo.user("alice");
    const presence = card.getByTestId("presence");
    await expect(presence).toHaveText("Fully disconnected");

    const devices = [await visit(), await visit()];
    for (const device of devices) await device.openSignedIn("alice");
    await expect(presence).toHaveText("Connected from 2 devices");
    await expect(card.getByRole("listitem")).toHaveText([
      /Chrom.* on .*since \d\d:\d\d:\d\d, for \d+ s/,
      /Chrom.* on .*since \d\d:\d\d:\d\d, for \d+ s/,
    ]);

    await card.getByRole("textbox").fill("The garden is open");
    await card.getByRole("button", { name: "Message all devices" }).click();
    for (const device of devices) await expect(device.note).toContainText("admin: The garden is open");

    for (const device of devices) await device.page.close();
    await expect(presence).toHaveText("Fully disconnected");
    await expect(demo.log).toContainText("alice has no more connections: the last device has disconnected.");
  });
});
