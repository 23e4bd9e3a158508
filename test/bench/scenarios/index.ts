import { connecting } from "./connecting.ts";
import { crowding } from "./crowding.ts";
import { cutByPlainServer } from "./cut-by-plain-server.ts";
import { emitting } from "./emitting.ts";
import { expiringTogether } from "./expiring-together.ts";
import { expiringUnderLoad } from "./expiring-under-load.ts";
import { followingSdk } from "./following-sdk.ts";
import { holding } from "./holding.ts";
import { renewing } from "./renewing.ts";
import { requesting } from "./requesting.ts";
import type { Scenario } from "./scenario.ts";
import { serving } from "./serving.ts";
import { weighing } from "./weighing.ts";

/** In the order of the table. */
export const scenarios: Scenario[] = [
  connecting,
  expiringUnderLoad,
  renewing,
  cutByPlainServer,
  expiringTogether,
  followingSdk,
  requesting,
  crowding,
  emitting,
  holding,
  serving,
  weighing,
];
