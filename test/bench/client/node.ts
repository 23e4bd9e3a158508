// Clients in a process of their own, which stands for any number of browsers.
import { MapStorage } from "../../support/map-storage.ts";
import { offer, type Procedures } from "../procedures.ts";
import { cookieFetch } from "./cookie-fetch.ts";
import type { Meter } from "./meter.ts";
import { processMeter } from "./process-meter.ts";
import { tasks } from "./tasks.ts";

globalThis.fetch = cookieFetch(globalThis.fetch);

type Task = (order: unknown, storage: Storage, meter: Meter) => unknown;

const inThisProcess = Object.entries(tasks).map(([name, task]) => [
  name,
  (order: unknown) => (task as Task)(order, new MapStorage(), processMeter),
]);

offer(Object.fromEntries(inThisProcess) as Procedures);
