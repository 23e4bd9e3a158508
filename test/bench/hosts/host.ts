import type { Tasks } from "../client/tasks.ts";

export const HOST_NAMES = ["Node", "Chromium"] as const;

/** Where clients run. In Node each has its own storage, in a browser the tabs share one. */
export interface Host {
  name: (typeof HOST_NAMES)[number];
  /** @param tab which one; default the first */
  run<Name extends keyof Tasks>(
    task: Name,
    order: Parameters<Tasks[Name]>[0],
    tab?: number,
  ): Promise<Awaited<ReturnType<Tasks[Name]>>>;
  close(): Promise<void>;
}
