import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { test as base, expect, type Page } from "playwright/test";
import { TabSite } from "../tab-site.ts";

const folder = fileURLToPath(new URL(".", import.meta.url));

type Framework = "react" | "vue" | "svelte";

/** Bundles a file with the built package and the real framework. */
async function bundle(file: string, platform: "browser" | "node"): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(folder, file)],
    bundle: true,
    write: false,
    jsx: "automatic",
    tsconfigRaw: {},
    ...(platform === "node"
      ? { platform, format: "esm" as const, packages: "external" as const }
      : { platform, format: "iife" as const, define }),
  });
  return outputFiles[0]?.text ?? "";
}

// In development, where React and Vue complain. Vue asks for its three.
const define = {
  "process.env.NODE_ENV": '"development"',
  __VUE_OPTIONS_API__: "true",
  __VUE_PROD_DEVTOOLS__: "false",
  __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "true",
};

const pages = { react: "react-page.tsx", vue: "vue-page.ts", svelte: "svelte-page.ts" };
const servers = { react: "react-server.tsx", vue: "vue-server.ts" };

/** The bundles of pages. A fixture of the worker would cost a worker, and a browser, of its own. */
const scripts = new Map<Framework, Promise<string>>();

/** Playwright's `test` with a site, and a page on it that holds components of one framework. */
const test = base.extend<{ framework: Framework; complaints: string[]; site: TabSite; ready: Page }>({
  framework: ["react", { option: true }],
  complaints: async ({ page }, use) => {
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      if (["warning", "error"].includes(message.type())) complaints.push(message.text());
    });
    await use(complaints);
    expect(complaints.filter((text) => !text.includes("401"))).toEqual([]);
  },
  site: async ({ browserName: _ }, use) => {
    const site = await TabSite.start();
    await use(site);
    await site.close();
  },
  ready: async ({ page, site, framework, complaints: _ }, use) => {
    const script = scripts.get(framework) ?? bundle(pages[framework], "browser");
    scripts.set(framework, script);
    await page.goto(`${site.url}/blank`);
    await page.evaluate(() => fetch("/login?user=alice"));
    await page.addScriptTag({ content: await script });
    await use(page);
  },
});

const show = (page: Page, ...names: string[]) => page.evaluate((names) => window.page.show(...names), names);
const status = (page: Page) => page.evaluate(() => window.page.auth.state.status);
const said = (page: Page) => page.locator("p");

for (const framework of Object.keys(pages) as Framework[]) {
  test.describe(`authsocket/${framework}`, () => {
    test.use({ framework });

    test("connects while any component uses it, and tells all of them how it is", async ({ ready, site }) => {
      expect(await status(ready)).toBe("idle");
      await show(ready, "one");
      await expect(said(ready)).toHaveText(["one: connected, alice, no greeting"]);
      await show(ready, "one", "two");
      await expect(said(ready)).toHaveText([/^one: connected/, /^two: connected, alice/]);
      site.io.emit("greeting", "hello");
      await expect(said(ready)).toHaveText([/hello 1$/, /hello 1$/]);
      site.io.emit("greeting", "and again");
      await expect(said(ready)).toHaveText([/and again 2$/, /and again 2$/]);
      await show(ready, "two");
      site.io.emit("greeting", "still here");
      await expect(said(ready)).toHaveText(["two: connected, alice, still here 3"]);
      await show(ready);
      await expect.poll(() => status(ready)).toBe("idle");
      expect(await ready.evaluate(() => window.page.auth.socket.listeners("greeting").length)).toBe(0);
      await show(ready, "three");
      await expect(said(ready)).toHaveText([/^three: connected/]);
      expect(site.connected).toEqual(["alice", "alice"]);
    });

    test("a change of page costs no disconnect, and an answer that is pending comes", async ({
      ready,
      site,
    }) => {
      await show(ready, "first");
      await expect(said(ready)).toHaveText([/connected/]);
      const answer = await ready.evaluate(async () => {
        const answer = window.page.auth.socket.emitWithAck("echo", "pending");
        window.page.show("second");
        return answer;
      });
      expect(answer).toBe("pending");
      await expect(said(ready)).toHaveText([/^second: connected/]);
      expect(site.connected).toEqual(["alice"]);
    });

    test("undoes only its own connect", async ({ ready, site }) => {
      await ready.evaluate(() => window.page.auth.connect());
      await show(ready, "component");
      await expect(said(ready)).toHaveText([/connected/]);
      await show(ready);
      await ready.evaluate(() => new Promise((later) => setTimeout(() => setTimeout(later))));
      expect(await status(ready)).toBe("connected");

      // Nor one that the app makes after having disconnected beneath a component.
      await ready.evaluate(() => void window.page.auth.disconnect());
      await show(ready, "component");
      await expect(said(ready)).toHaveText([/connected/]);
      await ready.evaluate(() => void window.page.auth.disconnect().connect());
      await expect(said(ready)).toHaveText([/connected/]);
      await show(ready);
      await ready.evaluate(() => new Promise((later) => setTimeout(() => setTimeout(later))));
      expect(await status(ready)).toBe("connected");
      expect(site.connected).toHaveLength(3);
    });
  });
}

for (const framework of ["react", "vue"] as const) {
  test(`B20 authsocket/${framework} renders on a server, and hydrates without a complaint`, async ({
    page,
    site,
    complaints: _,
  }) => {
    // Inside the project, where Node finds the packages.
    const place = mkdtempSync(join(folder, "rendered-"));
    try {
      const file = join(place, "server.mjs");
      writeFileSync(file, await bundle(servers[framework], "node"));
      const { render }: { render: () => Promise<string> } = await import(pathToFileURL(file).href);
      const html = await render();
      expect(html).toContain("rendered: idle, nobody, no greeting");

      await page.goto(`${site.url}/blank`);
      await page.evaluate(() => fetch("/login?user=alice"));
      await page.evaluate((html) => {
        document.body.innerHTML = html;
      }, html);
      await page.addScriptTag({ content: await bundle(pages[framework], "browser") });
      await expect(said(page)).toHaveText(["rendered: connected, alice, no greeting"]);
    } finally {
      rmSync(place, { recursive: true });
    }
  });
}
