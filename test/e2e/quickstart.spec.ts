import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { test as base, expect, type Page } from "playwright/test";

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

test("the quickstart shows nothing of one user to the next", async ({ page, url }) => {
  const signIn = async (tab: Page, username: string, password: string) => {
    await tab.getByLabel("Username").fill(username);
    await tab.getByLabel("Password").fill(password);
    await tab.getByRole("button", { name: "Sign in" }).click();
    await expect(tab.getByRole("status")).toHaveText("Connected");
  };
  const message = page.getByLabel("Message");
  const leaveTraces = async (name: string) => {
    await message.fill(`said by ${name}`);
    await message.press("Enter");
    await expect(page.getByRole("listitem")).toHaveText(`${name}said by ${name}`);
    await message.fill("a draft");
    await page.route("**/api/logout", (route) => route.abort("internetdisconnected"));
    await page.getByRole("button", { name: "Sign out" }).click();
    await expect(page.getByRole("alert")).toHaveText(/you are still signed in/);
    await page.unroute("**/api/logout");
  };
  const expectNoTraces = async () => {
    await expect(page.getByRole("listitem")).toHaveCount(0);
    await expect(message).toHaveValue("");
    await expect(page.getByRole("alert").filter({ hasText: /./ })).toHaveCount(0);
  };
  await page.goto(url);
  await signIn(page, "alice", "wonderland");
  await leaveTraces("alice");
  await page.getByRole("button", { name: "Sign out" }).click();
  await signIn(page, "bob", "builder");
  await expectNoTraces();

  // The same, where another tab signs the next user in.
  await leaveTraces("bob");
  const other = await page.context().newPage();
  await other.goto(url);
  await other.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByLabel("Username")).toBeVisible();
  await signIn(other, "alice", "wonderland");
  await expect(page.getByRole("status")).toHaveText("Connected");
  await expectNoTraces();
});

test("the quickstart's server says what to do where its port is taken", async () => {
  const other = createServer().listen(0, "localhost");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const server = spawn(process.execPath, ["--import", "tsx", "demo/quickstart/server.ts"], {
    cwd: root,
    env: { ...process.env, PORT: String(port) },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(server, "exit");
  const said = await text(server.stderr);
  expect(said).toContain("set PORT to another one");
  expect(said).toContain("address already in use");
  expect(await ended).toEqual([1, null]);
  other.close();
});

test("the quickstart's server has at most sixty lines", () => {
  const lines = readFileSync(`${root}demo/quickstart/server.ts`, "utf8").trimEnd().split("\n");
  expect(lines.length).toBeLessThanOrEqual(60);
});
