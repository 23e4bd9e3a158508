import type { Tasks } from "../client/tasks.ts";
import { Remote } from "../procedures.ts";
import type { Host } from "./host.ts";

type Offered = { [Name in keyof Tasks]: (order: Parameters<Tasks[Name]>[0]) => ReturnType<Tasks[Name]> };

/** Does work in a process of its own. When the work ends, the process ends, and its connections with it. */
export async function inOwnProcess<Result>(work: (host: Host) => Promise<Result>): Promise<Result> {
  const host = await startNode();
  try {
    return await work(host);
  } finally {
    await host.close();
  }
}

/** A process of its own. */
export async function startNode(): Promise<Host> {
  const remote = await Remote.start<Offered>(new URL("../client/node.ts", import.meta.url));
  return {
    name: "Node",
    run: (task, order) => remote.call(task, order) as never,
    close: () => remote.stop(),
  };
}
