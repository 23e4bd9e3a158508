import type { SourceContext } from "../client/refresh/source.ts";

/** Whether the SDK has to go past its cache. A token that only nears its end is renewed when the SDK sees fit. */
export function isForcing(reason: SourceContext["reason"]): boolean {
  return /^(rejected|expired|forced)$/.test(reason);
}
