import type { BrowserContext, Page } from "playwright";
import { afterLooks, type Meter } from "../client/meter.ts";

/** Measures a page by Chromium's DevTools protocol. The processor time is that of its main thread. */
export async function pageMeter(context: BrowserContext, page: Page): Promise<Meter> {
  const tools = await context.newCDPSession(page);
  await tools.send("Performance.enable");
  return {
    async cpu() {
      const { metrics } = await tools.send("Performance.getMetrics");
      const seconds = metrics.find(({ name }) => name === "ThreadTime")?.value;
      if (seconds === undefined) throw new Error("Chromium does not tell the ThreadTime of a page");
      return seconds * 1_000_000;
    },

    async heap() {
      await afterLooks(() => tools.send("HeapProfiler.collectGarbage"));
      return (await tools.send("Runtime.getHeapUsage")).usedSize;
    },
  };
}
