import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { type BrowserContext, chromium, type Page } from "playwright";
import { findChromium } from "../../support/chromium.ts";
import type { Host } from "./host.ts";
import { pageMeter } from "./page-meter.ts";

/** What client/page.ts puts into a page. */
interface Bench {
  run(task: string, order: unknown): unknown;
}

/** Tabs of one browser, which share storage and cookies. Each page comes from the server that its order names. */
export async function startChromium(): Promise<Host> {
  const [browser, script] = await Promise.all([chromium.launch(findChromium()), bundle()]);
  const context = await browser.newContext();
  const tabs = new Map<string, Promise<Page>>();

  return {
    name: "Chromium",
    async run(task, order, tab = 1) {
      const place = `${order.url} ${tab}`;
      const page = tabs.get(place) ?? open(context, order.url, script);
      tabs.set(place, page);
      const call: [string, unknown] = [task, order];
      return (await page).evaluate(
        ([name, parameters]) => (globalThis as unknown as Bench).run(name, parameters),
        call,
      ) as never;
    },
    close: () => browser.close(),
  };
}

async function open(context: BrowserContext, url: string, script: string): Promise<Page> {
  const page = await context.newPage();
  const { cpu, heap } = await pageMeter(context, page);
  await page.exposeFunction("measureCpu", cpu);
  await page.exposeFunction("measureHeap", heap);
  await page.goto(url);
  await page.addScriptTag({ content: script });
  return page;
}

/** The clients, bundled for a page, with the built `authsocket`. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("../client/page.ts", import.meta.url))],
    bundle: true,
    format: "iife",
    platform: "browser",
    target: "es2022",
    // Tasks for Node load these modules only when they run.
    external: ["node:*"],
    define: { "process.env.NODE_ENV": '"production"' },
    // The built package, although the tests' tsconfig maps `authsocket` to the sources.
    tsconfigRaw: {},
    write: false,
  });
  return outputFiles[0]?.text ?? "";
}
