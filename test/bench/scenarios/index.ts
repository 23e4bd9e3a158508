import { connecting } from "./connecting.ts";
import { expiringUnderLoad } from "./expiring-under-load.ts";
import type { Scenario } from "./scenario.ts";

/** In the order of the table. */
export const scenarios: Scenario[] = [connecting, expiringUnderLoad];
