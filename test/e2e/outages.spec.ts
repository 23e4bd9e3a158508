import { expect } from "playwright/test";
import { on, onBothPages, test } from "./demo-test.ts";

on("single-page app", () => {
  test("B6 the refresh endpoint is down for 20 s: no sign-out, few requests, back by itself", async ({
    demo,
    server,
  }) => {
    // Chance may put the attempt after the outage anywhere in half a minute. Tried again after 0.4, 0.8 … 12 s, it is
    // the seventh, after 24 s.
    await demo.page.addInitScript(() => {
      Math.random = () => 0.4;
    });
    await demo.openSignedIn();
    const refreshed = server.refreshes.length;
    const stages = await demo.noteStages();
    const attempts: number[] = [];
    const outage = 20_000;
    await demo.page.route("**/api/refresh-token", async (route) => {
      const now = Date.now();
      attempts.push(now);
      await (now - (attempts[0] ?? now) < outage ? route.abort("connectionrefused") : route.continue());
    });

    await demo.press("Refuse the token as expired");
    await expect(demo.session).toHaveAttribute("data-status", "waiting");
    await demo.say("written during the outage");
    await expect(demo.session).toHaveAttribute("data-status", "signedIn", { timeout: 40_000 });
    await demo.expectConnected();
    await demo.expectSent("written during the outage");

    expect(await stages()).toEqual(["signedIn"]);
    expect(attempts).toHaveLength(7);
    expect(server.refreshes.slice(refreshed)).toEqual([200]);
    expect(server.said).toEqual(["written during the outage"]);
  });

  test("B18 offline for a while: what was written meanwhile is sent once, and no tick is lost", async ({
    demo,
    server,
  }) => {
    // The button asks for 8 s, of which the last five teach nothing.
    await demo.page.route("**/api/faults/offline", (route) => route.continue({ postData: '{"ms":3000}' }));
    await demo.openSignedIn();
    const stages = await demo.noteStages();
    await demo.press("Go offline for 8 s");
    await expect(demo.socket).toHaveAttribute("data-status", "connecting");
    await demo.say("written offline");
    await expect(demo.line("written offline")).toHaveAttribute("data-state", "sending");

    await expect(demo.socket).toHaveAttribute("data-status", "connected", { timeout: 30_000 });
    await demo.expectSent("written offline");
    expect(server.said).toEqual(["written offline"]);
    await expect
      .poll(async () => server.ticksSentTo("alice").size - (await demo.count("ticks-received")))
      .toBe(0);
    expect(await demo.count("ticks-received")).toBeGreaterThanOrEqual(3);
    expect(await demo.count("ticks-lost")).toBe(0);
    expect(await demo.count("ticks-duplicated")).toBe(0);
    expect(await stages()).toEqual(["signedIn"]);
  });

  test("another store can be chosen while a message waits for the network", async ({ demo }) => {
    await demo.openSignedIn();
    await demo.press("Go offline for 8 s");
    await expect(demo.socket).toHaveAttribute("data-status", "connecting");
    await demo.say("written offline");
    await demo.view("Handshake");
    await demo.page.getByRole("link", { name: "Memory" }).click();
    await expect(demo.page).toHaveURL(/store=memory/);
    // Without its store, the new page asks the server, which does not answer yet.
    await demo.expectStage("checking");
  });

  test("B19 a cut connection comes back without a refresh", async ({ demo, server }) => {
    await demo.openSignedIn();
    const before = server.history.length;
    await demo.press("Drop the connection");
    await expect(demo.log).toContainText("Connected again");
    await demo.expectConnected();
    expect(server.history.slice(before)).toEqual([
      { kind: "disconnected", user: "alice", reason: "forced close" },
      { kind: "connected", user: "alice" },
    ]);
  });
});

on("script-tag page", () => {
  test("B22 a refresh that hangs is told after ten seconds, and tried again once no answer can come", async ({
    demo,
    server,
  }) => {
    await demo.page.clock.install();
    await demo.openSignedIn();
    const refreshed = server.refreshes.length;
    const stages = await demo.noteStages();
    await demo.press("Next refresh hangs");
    await demo.press("Refuse the token as expired");
    await expect(demo.session).toHaveAttribute("data-status", "refreshing");
    await demo.say("written while the refresh hangs");

    // The page's own clock: what it would wait for is over at once.
    await demo.page.clock.fastForward(10_000);
    await expect(demo.log).toContainText("The server did not answer the refresh.");
    await demo.page.clock.fastForward(30_000);
    await expect(demo.session).toHaveAttribute("data-status", "signedIn");
    await demo.expectConnected();
    await demo.expectSent("written while the refresh hangs");
    expect(await stages()).toEqual(["signedIn"]);
    expect(server.refreshes.slice(refreshed)).toEqual([undefined, 200]);
  });

  test("B6 a refresh that fails with 503 is tried again, and nobody is signed out", async ({
    demo,
    server,
  }) => {
    await demo.openSignedIn();
    const refreshed = server.refreshes.length;
    const stages = await demo.noteStages();
    await demo.press("Next refresh fails with 503");
    await demo.press("Refuse the token as expired");
    await expect(demo.log).toContainText("The token could not be refreshed.");
    await demo.expectConnected();
    expect(await stages()).toEqual(["signedIn"]);
    expect(server.refreshes.slice(refreshed)).toEqual([503, 200]);
  });

  test("B14 who is kicked twice stays out until the button is pressed, and stays signed in", async ({
    demo,
    server,
  }) => {
    await demo.openSignedIn();
    const before = server.history.length;
    await demo.kick();
    await expect(demo.refusal).toContainText(
      "The server has disconnected this page although its token is valid.",
    );
    await expect(demo.socket).toHaveAttribute("data-status", "refused");
    await expect(demo.session).toHaveAttribute("data-status", "signedIn");

    await demo.button("Reconnect").click();
    await expect(demo.refusal).toBeHidden();
    await demo.expectConnected();
    // The first kick may be about the token, so one refresh answers it. `connect()` after the second asks for a new token too.
    const kicked = { kind: "disconnected", user: "alice", reason: "server namespace disconnect" };
    const seen = server.history.slice(before).filter(({ kind }) => kind !== "refresh");
    expect(seen).toEqual([
      kicked,
      { kind: "connected", user: "alice" },
      kicked,
      { kind: "connected", user: "alice" },
    ]);
    expect(server.refreshes).not.toHaveLength(0);
  });
});

onBothPages(() => {
  test("B6 a refresh that fails with 401 ends the session, and the page says so", async ({
    demo,
    server,
  }) => {
    await demo.openSignedIn();
    const refreshed = server.refreshes.length;
    await demo.press("Next refresh fails with 401");
    await demo.press("Refuse the token as expired");
    await demo.expectStage("signedOut");
    const form = demo.page.getByRole("region", { name: "Sign in" });
    await expect(form).toContainText("Your session has ended. Please sign in again.");
    await expect(demo.session).toHaveAttribute("data-status", "signedOut");
    await expect(demo.socket).toHaveAttribute("data-status", "signedOut");
    // A second answer makes it certain: somebody else of the site may just have renewed the cookie.
    expect(server.refreshes.slice(refreshed)).toEqual([401, 401]);

    await demo.signIn("alice");
    await demo.say("back again");
    await demo.expectSent("back again");
  });

  test("B7 a token that the server has expired costs one refusal and one refresh", async ({
    demo,
    server,
  }) => {
    await demo.openSignedIn();
    const before = server.history.length;
    await demo.press("Refuse the token as expired");
    await expect(demo.log).toContainText("The server refused the token. Getting a new one.");
    await demo.expectConnected();
    expect(server.history.slice(before)).toEqual([
      { kind: "disconnected", user: "alice", reason: "forced close" },
      { kind: "refused", code: "token_expired" },
      { kind: "refresh", status: 200 },
      { kind: "connected", user: "alice" },
    ]);
  });
});
