import { expect } from "playwright/test";
import { on, test } from "./demo-test.ts";

on("single-page app", () => {
  test("B6 a firewall's 403 at the refresh endpoint is no verdict: tried again, nobody is signed out", async ({
    demo,
    server,
  }) => {
    await demo.openSignedIn();
    const refreshed = server.refreshes.length;
    const stages = await demo.noteStages();
    await demo.press("Firewall blocks next refresh");
    await demo.press("Refuse the token as expired");
    await expect(demo.log).toContainText("The token could not be refreshed.");
    await expect.poll(() => server.refreshes.slice(refreshed)).toEqual([403, 200]);
    await demo.expectConnected();
    expect(await stages()).toEqual(["signedIn"]);
  });

  test("B14 a gateway that verifies after it has accepted costs one refresh, and no kick", async ({
    demo,
    server,
  }) => {
    await demo.openSignedIn();
    const before = server.history.length;
    await demo.press("Verify after accepting");
    await expect
      .poll(() => server.history.slice(before))
      .toEqual([
        { kind: "disconnected", user: "alice", reason: "forced close" },
        { kind: "connected", user: "alice" },
        { kind: "disconnected", user: "alice", reason: "server namespace disconnect" },
        { kind: "refresh", status: 200 },
        { kind: "connected", user: "alice" },
      ]);
    await demo.expectConnected();
    await expect(demo.refusal).toBeHidden();
  });
});

on("script-tag page", () => {
  test("V1 a key server that is down costs no refresh and no sign-out, and all is well when it is back", async ({
    demo,
    server,
  }) => {
    // The button asks for 8 s, of which the last five teach nothing.
    await demo.page.route("**/api/faults/keys-missing", (route) =>
      route.continue({ postData: '{"ms":3000}' }),
    );
    await demo.openSignedIn();
    const refreshed = server.refreshes.length;
    const stages = await demo.noteStages();
    await demo.press("Key server down for 8 s");
    await expect(demo.log).toContainText("The server cannot check tokens at the moment.");
    await demo.say("written while nobody could check the token");
    await demo.expectConnected({ timeout: 15_000 });
    await demo.expectSent("written while nobody could check the token");
    expect(server.refreshes.slice(refreshed)).toEqual([]);
    expect(new Set(server.refusals)).toEqual(new Set(["unavailable"]));
    expect(await stages()).toEqual(["signedIn"]);
  });

  test("B15 a role refusal without a code costs one refresh, and the next token is tried by itself", {
    tag: "@long",
  }, async ({ demo, server }) => {
    await demo.openSignedIn();
    const before = server.history.length;
    const stages = await demo.noteStages();
    await demo.press("Refuse my role for 8 s");
    await expect(demo.refusal).toContainText("AuthSocket tries again with the next token.", {
      timeout: 15_000,
    });
    await expect(demo.log).toContainText("refused the connection without a code: “Unauthorized”");
    await expect(demo.session).toHaveAttribute("data-status", "signedIn");
    expect(server.history.slice(before)).toEqual([
      { kind: "disconnected", user: "alice", reason: "forced close" },
      { kind: "refused", code: "undefined" },
      { kind: "refresh", status: 200 },
      { kind: "refused", code: "undefined" },
    ]);

    // Nobody presses “Reconnect”: whatever brings a newer token brings the socket back.
    await demo.view("Connections");
    await expect(async () => {
      await demo.button("Refresh now").click();
      await expect(demo.socket).toHaveAttribute("data-status", "connected", { timeout: 1_000 });
    }).toPass({ timeout: 20_000 });
    await expect(demo.refusal).toBeHidden();
    expect(await stages()).toEqual(["signedIn"]);
  });
});
