import { afterLooks, type Meter } from "./meter.ts";

/** Measures this process. */
export const processMeter: Meter = {
  async cpu() {
    const { user, system } = process.cpuUsage();
    return user + system;
  },

  async heap() {
    await afterLooks(() => globalThis.gc?.());
    return process.memoryUsage().heapUsed;
  },
};
