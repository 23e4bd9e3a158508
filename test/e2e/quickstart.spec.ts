import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test as base, expect } from "playwright/test";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Playwright's `test` with the quickstart's server as a process of its own, as `npm run quickstart` starts it once built. */
const test = base.extend<{ url: string }>({
  url: async ({ browserName: _ }, use) => {
    const server: ChildProcess = spawn(process.execPath, ["--import", "tsx", "demo/quickstart/server.ts"], {
      cwd: root,
      env: { ...process.env, PORT: "0", ACCESS_TOKEN_SECONDS: "3" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = await once(server.stdout ?? server, "data");
    await use(String(line).trim());
    server.kill();
    await once(server, "exit");
  },
});

test("the quickstart signs in, renews in band, survives a reload and signs out", async ({ page, url }) => {
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));

  // Nobody is signed in until the first refresh has been answered, and nothing of the chat is shown.
  let answer = () => {};
  const asked = new Promise<void>((resolve) => {
    answer = resolve;
  });
  await page.route("**/api/refresh-token", async (route) => {
    await asked;
    await route.continue();
  });
  await page.goto(url);
  await expect(page.getByRole("status")).toHaveText("Connecting…");
  await expect(page.getByRole("button", { name: "Sign out" })).toBeHidden();
  await expect(page.getByText("NaN")).toHaveCount(0);
  await expect(page.getByLabel("Message")).toBeHidden();
  answer();

  await page.getByLabel("Username").fill("alice");
  await page.getByLabel("Password").fill("looking-glass");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toHaveText("This name and password do not match.");

  await page.getByLabel("Password").fill("wonderland");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("status")).toHaveText("Connected");
  await page.getByLabel("Message").fill("hello");
  await page.getByLabel("Message").press("Enter");
  await expect(page.getByRole("listitem")).toHaveText("alicehello");

  const disconnects = await page.evaluateHandle(() => {
    const status = document.querySelector("#status");
    const seen: (string | null)[] = [];
    if (status)
      new MutationObserver(() => seen.push(status.textContent)).observe(status, { childList: true });
    return seen;
  });
  await expect(page.getByText(/Refreshed [2-9] times/)).toBeVisible({ timeout: 15_000 });
  expect(await disconnects.jsonValue()).toEqual([]);

  await page.reload();
  await expect(page.getByRole("status")).toHaveText("Connected");
  await page.route("**/api/logout", (route) => route.abort("internetdisconnected"));
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByRole("alert")).toHaveText("The server cannot be reached: you are still signed in.");
  await page.unroute("**/api/logout");
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByLabel("Username")).toBeVisible();
  await page.reload();
  await expect(page.getByLabel("Username")).toBeVisible();
  expect(complaints).toEqual([]);
});

test("the quickstart's server has at most sixty lines", () => {
  const lines = readFileSync(`${root}demo/quickstart/server.ts`, "utf8").trimEnd().split("\n");
  expect(lines.length).toBeLessThanOrEqual(60);
});
