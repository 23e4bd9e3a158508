import { expect } from "playwright/test";
import { demoAccounts } from "../../demo/server/people/demo-accounts.ts";
import { AccessTokens } from "../../demo/server/tokens/access-tokens.ts";
import { on, onBothPages, test } from "./demo-test.ts";

const [alice] = demoAccounts;
if (!alice) throw new Error("The demo has no accounts.");

onBothPages(() => {
  test("B1 opened with an expired token it connects with one refresh, and the server never sees that token", async ({
    demo,
    server,
    secret,
    context,
  }) => {
    const { token } = await new AccessTokens({ secret, lifetime: 1 }).issue(alice, "a session that is over");
    await context.addInitScript((expired) => {
      // Firefox runs it in the empty page too, which may not store anything.
      if (location.protocol === "http:") localStorage.setItem("authToken", expired);
    }, token);
    // Leaves the refresh cookie in this browser.
    const credentials = { username: alice.username, password: alice.password };
    const login = await context.request.post(`${server.url}/api/login`, { data: credentials });
    expect(login.status()).toBe(200);

    await demo.open();
    await demo.expectConnected();
    expect(server.history).toEqual([
      { kind: "refresh", status: 200 },
      { kind: "connected", user: "alice" },
    ]);
    const connects = server.packets.filter((packet) => packet.startsWith("0{"));
    expect(connects).toHaveLength(1);
    expect(connects[0]).toContain('"token":"eyJ');
    expect(server.packets.filter((packet) => packet.includes(token))).toEqual([]);
  });

  test("a reload keeps the session, without a refresh", async ({ demo, server }) => {
    await demo.openSignedIn();
    const before = server.refreshes.length;
    await demo.page.reload();
    await demo.expectConnected();
    await expect(demo.log).toContainText("Welcome back, alice");
    expect(server.refreshes).toHaveLength(before);
  });

  test("B16 who signs in next inherits nothing: no unsent line, no draft, no ticks", async ({
    demo,
    server,
  }) => {
    await demo.openSignedIn("alice");
    await demo.say("sent by alice");
    await demo.expectSent("sent by alice");
    await expect.poll(() => demo.count("ticks-received")).toBeGreaterThanOrEqual(2);
    await demo.kick();
    await expect(demo.socket).toHaveAttribute("data-status", "refused");
    await demo.say("not sent by alice");
    await expect(demo.line("not sent by alice")).toHaveAttribute("data-state", "sending");
    await demo.message.fill("not even finished by alice");
    await demo.signOut();

    await demo.signIn("bob");
    await expect(demo.chatLines).toHaveCount(0);
    await expect(demo.message).toHaveValue("");
    await demo.say("sent by bob");
    await demo.expectSent("sent by bob");
    await expect(demo.chatLines).toHaveCount(1);
    expect(server.said).toEqual(["sent by alice", "sent by bob"]);
    expect(server.packets.filter((packet) => packet.includes("not sent by alice"))).toEqual([]);

    const ticks = server.ticksSentTo("bob");
    await expect.poll(() => ticks.size).toBeGreaterThanOrEqual(1);
    await expect.poll(async () => ticks.size - (await demo.count("ticks-received"))).toBe(0);
    expect(await demo.count("ticks-lost")).toBe(0);
    expect(await demo.count("ticks-duplicated")).toBe(0);
  });
});

on("script-tag page", () => {
  test("B6 opened where nobody is signed in it shows the form and gives no reason", async ({
    demo,
    server,
  }) => {
    await demo.open();
    await demo.expectStage("signedOut");
    const form = demo.page.getByRole("region", { name: "Sign in" });
    await expect(form).toBeVisible();
    await expect(form).not.toContainText("Your session has ended");
    expect(server.history).toEqual([{ kind: "refresh", status: 401 }]);
  });

  test("B10 a reload after the sign-out stays signed out, and asks for no refresh", async ({
    demo,
    server,
    context,
  }) => {
    await demo.openSignedIn();
    // The answer is not the server's, which has not been told of this sign-out: the cookie would still do.
    await demo.page.route("**/api/logout", (route) => route.fulfill({ status: 204 }));
    await demo.signOut();
    expect((await context.cookies(`${server.url}/api`)).map(({ name }) => name)).toContain(
      "authsocket_refresh",
    );
    const before = server.refreshes.length;
    await demo.page.reload();
    await demo.expectStage("signedOut");
    await expect(demo.socket).toHaveAttribute("data-status", "signedOut");
    expect(await demo.page.evaluate(() => localStorage.getItem("authToken"))).toBeNull();

    await demo.signIn("alice");
    expect(server.refreshes).toHaveLength(before);
  });

  test("a sign-out that the server did not hear is none, and the page says so", async ({ demo }) => {
    await demo.openSignedIn();
    await demo.page.route("**/api/logout", (route) => route.abort("internetdisconnected"));
    await demo.button("Sign out").click();
    await expect(demo.note).toContainText("You are still signed in: the server could not be reached.");
    await demo.expectConnected();
    await demo.page.unroute("**/api/logout");
    await demo.signOut();
    await expect(demo.note).toBeHidden();
    await expect(demo.log).not.toContainText("could not be reached");
  });
});

on("single-page app", () => {
  test("the sign-out ends the session at the server too", async ({ demo, server, context }) => {
    await demo.openSignedIn();
    await demo.signOut();
    expect(await context.cookies(`${server.url}/api`)).toEqual([]);
    await expect
      .poll(() => server.history.at(-1))
      .toEqual({ kind: "disconnected", user: "alice", reason: "client namespace disconnect" });
  });

  test("a wrong password is told beside the form, and a demo account can be filled in by its button", async ({
    demo,
  }) => {
    await demo.open();
    await demo.signIn("alice", "looking-glass");
    await expect(demo.page.getByRole("alert").filter({ hasText: /./ })).toHaveText(
      "This name and password do not match.",
    );
    await expect(demo.page.getByLabel("Password")).toHaveAttribute("aria-invalid", "true");
    await demo.expectStage("signedOut");

    await demo.button("admin").click();
    await demo.button("Sign in").click();
    await demo.expectConnected();
    await expect(demo.page.getByRole("region", { name: "State" })).toContainText("admin");
  });
});
