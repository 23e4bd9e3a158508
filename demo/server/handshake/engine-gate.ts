import type { IncomingMessage } from "node:http";
import type { Faults } from "../faults/faults.ts";
import { isFromHere } from "../guards/origin-check.ts";
import type { RefreshCookie } from "../tokens/refresh-cookie.ts";
import type { RefreshFamilies } from "../tokens/refresh-families.ts";

/**
 * Socket.IO's `allowRequest`: whether a client may open a connection at all. It refuses pages of other sites, and browsers that
 * the "offline" fault applies to (T14: the client cannot tell this from a broken network).
 */
export function engineGate(parts: {
  origin: string | undefined;
  families: RefreshFamilies;
  refreshCookie: RefreshCookie;
  faults: Faults;
}): (request: IncomingMessage, decide: (reason: string | null, allowed: boolean) => void) => void {
  const { origin, families, refreshCookie, faults } = parts;

  async function whyRefused(request: IncomingMessage): Promise<string | null> {
    if (!isFromHere(request.headers, origin)) return "This origin is not allowed";
    const family = await families.find(refreshCookie.read(request));
    return faults.isOffline(family?.id) ? "offline" : null;
  }

  return (request, decide) => {
    whyRefused(request).then(
      (reason) => decide(reason, reason === null),
      () => decide("unavailable", false),
    );
  };
}
