import { expect } from "playwright/test";
import { demoAccounts } from "../../demo/server/people/demo-accounts.ts";
import { AccessTokens } from "../../demo/server/tokens/access-tokens.ts";
import { onBothPages, test } from "./demo-test.ts";

const [alice] = demoAccounts;
if (!alice) throw new Error("The demo has no accounts.");

onBothPages(() => {
  test("the lesson's exercise, points 1 to 5, with valid and invalid tokens", async ({
    demo,
    visit,
    server,
    context,
  }) => {
    // 3: the client sends the stored token; one of another server's making is refused, and leads to the sign-in form.
    const forged = await new AccessTokens({
      secret: "the secret of another server altogether",
      lifetime: 60_000,
    }).issue(alice, "no session");
    await context.addInitScript((token) => {
      // Firefox runs it in the empty page too, which may not store anything.
      if (location.protocol !== "http:" || sessionStorage.getItem("seeded") !== null) return;
      sessionStorage.setItem("seeded", "true");
      localStorage.setItem("authToken", token);
    }, forged.token);
    await demo.open();
    await demo.expectStage("signedOut");
    await expect(demo.page.getByRole("region", { name: "Sign in" })).toContainText("Please sign in again.");
    // 1: it is the middleware that refused, before anybody was connected.
    // B6: whoever has no refresh token asks a second time before the session ends.
    const first = [
      { kind: "refused", code: "token_invalid" },
      { kind: "refresh", status: 401 },
      { kind: "refresh", status: 401 },
    ];
    expect(server.history).toEqual(first);

    // 3, 1: the valid one of a sign-in is sent and let in, and again after a reload.
    await demo.signIn("alice");
    await demo.page.reload();
    await demo.expectConnected();
    expect(server.history.slice(first.length).filter(({ kind }) => kind !== "disconnected")).toEqual([
      { kind: "connected", user: "alice" },
      { kind: "connected", user: "alice" },
    ]);

    // 2: what the token says is on the server's socket.
    await demo.view("Handshake");
    const profile = demo.page.getByRole("region", { name: "Who the server says you are" });
    await expect(profile).toContainText("user-1");
    await expect(profile).toContainText("alice@example.com");

    // 4: the administrators' namespace refuses her, and lets an administrator in.
    await demo.view("Connections");
    await demo.button("Connect to /admin").click();
    await expect(demo.page.getByTestId("door-admin")).toHaveText("Refused: forbidden");
    const admin = await visit();
    await admin.openSignedIn("admin");
    await admin.view("Console");
    await expect(admin.page.getByTestId("console-status")).toHaveAttribute("data-status", "connected");

    // 5: she is disconnected by force, and reads why.
    await admin.user("alice").getByRole("textbox").fill("The lesson is over");
    await admin.user("alice").getByRole("button", { name: "Disconnect" }).click();
    await expect(demo.refusal).toContainText("The lesson is over");
    await expect(demo.socket).toHaveAttribute("data-status", "refused");
    // The last one may have been tried again with the next token (B15).
    expect(server.refusals.slice(0, 2)).toEqual(["token_invalid", "insufficient_scope"]);
    expect(new Set(server.refusals.slice(2))).not.toContain("token_invalid");
  });
});
