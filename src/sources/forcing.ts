import type { SourceContext } from "../client/refresh/source.ts";

/** Whether the SDK must get a new token instead of the one in its cache. If the token only nears its end, the SDK decides. */
export function isForcing(reason: SourceContext["reason"]): boolean {
  return /^(rejected|expired|forced)$/.test(reason);
}
