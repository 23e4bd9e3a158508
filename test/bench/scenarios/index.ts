import { connecting } from "./connecting.ts";
import { emitting } from "./emitting.ts";
import { expiringTogether } from "./expiring-together.ts";
import { expiringUnderLoad } from "./expiring-under-load.ts";
import { holding } from "./holding.ts";
import type { Scenario } from "./scenario.ts";

/** In the order of the table. */
export const scenarios: Scenario[] = [connecting, expiringUnderLoad, expiringTogether, emitting, holding];
