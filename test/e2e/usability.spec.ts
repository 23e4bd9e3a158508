import { expect, type Locator, type Page } from "playwright/test";
import { on, onBothPages, test } from "./demo-test.ts";

onBothPages(() => {
  test("a whole visit writes no error to the console but the first refresh's 401", async ({ demo }) => {
    await demo.openSignedIn();
    await demo.say("hello");
    await demo.expectSent("hello");
    await demo.page.reload();
    await demo.expectConnected();
    await demo.signOut();
    const problems = demo.console.filter(({ type }) => type === "error" || type === "warning");
    expect(problems).toEqual([{ type: "error", text: expect.stringContaining("401 (Unauthorized)") }]);
  });
});

on("script-tag page", () => {
  test("everything has a role and a name", async ({ demo, page }) => {
    await demo.open();
    await expect(page.locator("html")).toHaveAttribute("lang", "en");
    await expect(page).toHaveTitle(/AuthSocket demo/);
    await expect(page.getByRole("main")).toHaveCount(1);
    await expect(page.getByRole("heading", { level: 1 })).toHaveCount(1);
    await expect(page.getByRole("navigation", { name: "Demo pages" }).getByRole("link")).toHaveCount(3);
    await expect(page.getByRole("group", { name: "Fill in a demo account" })).toBeVisible();
    await expectNamedControls(page);

    await demo.signIn("admin");
    const everywhere = ["State", "Guests", "Log"];
    const views = {
      Console: ["Console"],
      Connections: ["One connection, three namespaces", "A session by cookie", "One refresh for all tabs"],
      Handshake: ["Try a handshake", "Who the server says you are", "Where the token is kept"],
      Live: ["Token", "Ticks", "The last two minutes", "Chat", "Break things"],
    } as const;
    for (const [view, names] of Object.entries(views)) {
      await demo.view(view as keyof typeof views);
      for (const name of [...everywhere, ...names]) {
        const region = page.getByRole("region", { name, exact: true });
        await expect(region).toBeVisible();
        await expect(region.getByRole("heading", { level: 2, name, exact: true })).toBeVisible();
      }
      await expect(page.getByRole("region")).toHaveCount(everywhere.length + names.length);
      await expect(page.getByRole("heading", { level: 1 })).toHaveCount(1);
      await expectNamedControls(page);
    }
    await expect(page.getByRole("timer", { name: "Time until the token expires" })).toHaveText(/^\d+ s$/);
    const timeline = page.getByRole("img", { name: "Session and socket in the last two minutes" });
    await expect(timeline).toHaveAccessibleDescription(/^In the last \d+ s: connected .+ % of the time/);
    const faults = page.getByRole("region", { name: "Break things" }).getByRole("button");
    await expect(faults).toHaveCount(11);
    for (const fault of await faults.all()) await expect(fault).toHaveAccessibleDescription(/./);
  });

  test("fits a narrow phone, signed out and signed in, whatever is written", async ({ demo, page }) => {
    await page.setViewportSize({ width: 375, height: 800 });
    await demo.open();
    await demo.expectStage("signedOut");
    await expectToFit(page);
    await demo.signIn("admin");
    const long = "M".repeat(400);
    await demo.say(long);
    await demo.expectSent(long);
    await expectToFit(page);
    await page.setViewportSize({ width: 320, height: 600 });
    for (const view of ["Live", "Handshake", "Connections", "Console"] as const) {
      await demo.view(view);
      await expectToFit(page);
    }
  });

  test("is dark where the user likes it dark", async ({ demo, page }) => {
    await page.emulateMedia({ colorScheme: "light" });
    await demo.open();
    const light = await lightness(page);
    await page.emulateMedia({ colorScheme: "dark" });
    const dark = await lightness(page);
    expect(light.background).toBeGreaterThan(light.text + 0.5);
    expect(dark.text).toBeGreaterThan(dark.background + 0.5);
  });

  test("uses the global of the UMD build and the browser build that the server brings along", async ({
    demo,
    page,
  }) => {
    await demo.openSignedIn();
    const scripts = demo.requested.map(({ pathname }) => pathname).filter((path) => path.endsWith(".js"));
    expect(scripts).toEqual([
      "/socket.io/socket.io.min.js",
      "/authsocket.umd.min.js",
      "/dashboard.js",
      "/script-tag.js",
    ]);
    const globals = await page.evaluate(() =>
      ["io", "authsocket", "dashboard"].map((name) => typeof Reflect.get(window, name)),
    );
    expect(globals).toEqual(["function", "object", "object"]);
    await expect(page.locator("script[type=module]")).toHaveCount(0);
  });
});

on("single-page app", () => {
  test("the keyboard is enough to sign in, to write and to break things", async ({ demo, page }) => {
    await demo.open();
    await demo.expectStage("signedOut");
    await tabTo(page, page.getByLabel("Username"));
    await page.keyboard.type("alice");
    await tabTo(page, page.getByLabel("Password"));
    await page.keyboard.type("wonderland");
    await page.keyboard.press("Enter");

    await demo.expectConnected();
    await expect(page.getByRole("link", { name: "Live" })).toBeFocused();
    await expect(page.getByRole("region", { name: "Token" })).toBeInViewport({ ratio: 1 });
    await tabTo(page, demo.message);
    await page.keyboard.type("no mouse");
    await page.keyboard.press("Enter");
    await demo.expectSent("no mouse");

    await tabTo(page, demo.button("Kick"));
    // The first, within ten seconds of the connection's acceptance, is taken for a matter of the token (B14).
    await expect(async () => {
      await page.keyboard.press("Space");
      await expect(demo.refusal).toBeVisible({ timeout: 2_000 });
    }).toPass();
    await tabTo(page, demo.button("Reconnect"));
    await page.keyboard.press("Enter");
    await demo.expectConnected();

    await tabTo(page, demo.button("Sign out"));
    await page.keyboard.press("Enter");
    await demo.expectStage("signedOut");
    await expect(page.getByLabel("Username")).toBeFocused();
  });

  test("the address names the view: it can be bookmarked, and “back” goes back", async ({ demo, page }) => {
    await demo.openSignedIn("alice");
    await demo.view("Handshake");
    await expect(page.getByRole("region", { name: "Chat" })).toBeHidden();
    await page.reload();
    await expect(page.getByRole("region", { name: "Try a handshake" })).toBeVisible();
    await demo.view("Connections");
    await page.goBack();
    await expect(page.getByRole("region", { name: "Try a handshake" })).toBeVisible();
    await expect(page.getByRole("region", { name: "A session by cookie" })).toBeHidden();
  });

  test("is one module and leaves no globals behind", async ({ demo, page }) => {
    await demo.openSignedIn();
    const scripts = demo.requested.map(({ pathname }) => pathname).filter((path) => path.endsWith(".js"));
    expect(scripts).toEqual(["/spa.js"]);
    await expect(page.locator("script:not([type=module])")).toHaveCount(0);
    const globals = await page.evaluate(() =>
      ["io", "authsocket", "dashboard"].map((name) => typeof Reflect.get(window, name)),
    );
    expect(globals).toEqual(["undefined", "undefined", "undefined"]);
  });
});

async function tabTo(page: Page, target: Locator): Promise<void> {
  // Once round the page is enough to reach whatever can be reached.
  for (let step = 0; step < 40; step++) {
    if (await target.evaluate((node) => node === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  await expect(target).toBeFocused();
}

/** By what assistive technology is told of the page: a control without a name has no text in quotes. */
async function expectNamedControls(page: Page): Promise<void> {
  const lines = (await page.locator("body").ariaSnapshot()).split("\n");
  const controls = lines.filter((line) => /- (link|button|textbox)\b/.test(line));
  expect(controls.length).toBeGreaterThan(5);
  expect(controls.filter((line) => !/- (link|button|textbox) "./.test(line))).toEqual([]);
}

async function expectToFit(page: Page): Promise<void> {
  await expect
    .poll(() =>
      page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
    )
    .toBe(0);
}

/** How light the page's ground and its text are painted, from 0 to 1. */
function lightness(page: Page): Promise<{ background: number; text: number }> {
  return page.evaluate(() => {
    const lightnessOf = (color: string) => {
      // A canvas takes every notation that CSS has.
      const pixel = document.createElement("canvas").getContext("2d");
      if (!pixel) throw new Error("There is no canvas here.");
      pixel.fillStyle = color;
      pixel.fillRect(0, 0, 1, 1);
      const [red = 0, green = 0, blue = 0] = pixel.getImageData(0, 0, 1, 1).data;
      return (red + green + blue) / (3 * 255);
    };
    const { backgroundColor, color } = getComputedStyle(document.body);
    return { background: lightnessOf(backgroundColor), text: lightnessOf(color) };
  });
}
