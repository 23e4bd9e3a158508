import type { Tasks } from "../client/tasks.ts";

/** Where clients run. */
export interface Host {
  name: "Node" | "Chromium";
  run<Name extends keyof Tasks>(
    task: Name,
    order: Parameters<Tasks[Name]>[0],
  ): Promise<Awaited<ReturnType<Tasks[Name]>>>;
  close(): Promise<void>;
}
