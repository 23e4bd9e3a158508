// Clients in a page.
import type { Meter } from "./meter.ts";
import { tasks } from "./tasks.ts";

/** What the host puts into a page. */
declare const measureCpu: Meter["cpu"];
declare const measureHeap: Meter["heap"];

const meter: Meter = { cpu: () => measureCpu(), heap: () => measureHeap() };

Object.assign(globalThis, {
  run: (name: keyof typeof tasks, order: never) => tasks[name](order, localStorage, meter),
});
