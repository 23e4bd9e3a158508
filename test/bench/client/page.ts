// Clients in a page.
import { tasks } from "./tasks.ts";

Object.assign(globalThis, {
  run: (name: keyof typeof tasks, order: never) => tasks[name](order, localStorage),
});
