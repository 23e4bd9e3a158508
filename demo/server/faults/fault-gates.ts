import type { RequestHandler, Response } from "express";
import type { RefreshCookie } from "../tokens/refresh-cookie.ts";
import type { RefreshFamilies } from "../tokens/refresh-families.ts";
import type { Faults } from "./faults.ts";

/** What a firewall in front of a server answers: HTML, which says nothing about the session. */
const BLOCK_PAGE =
  "<!doctype html><title>Request blocked</title><h1>Request blocked</h1><p>Made by the fault button.</p>";

interface Parts {
  faults: Faults;
  families: RefreshFamilies;
  refreshCookie: RefreshCookie;
}

/** Drops requests of a browser that is "offline". */
export function offlineGate({ faults, families, refreshCookie }: Parts): RequestHandler {
  return async (request, _response, next) => {
    const family = await families.find(refreshCookie.read(request));
    if (faults.isOffline(family?.id)) request.socket.destroy();
    else next();
  };
}

/**
 * Goes before a refresh endpoint, and breaks the next refresh if a fault was ordered.
 *
 * @param options.refuse answers a browser whose session has just been ended; without it, the endpoint does that itself
 */
export function refreshGate(
  { faults, families, refreshCookie }: Parts,
  options: { refuse?: (response: Response) => void } = {},
): RequestHandler {
  return async (request, response, next) => {
    const family = await families.find(refreshCookie.read(request));
    const fault = family && faults.takeRefreshFault(family.id);
    if (!fault) {
      next();
      return;
    }
    switch (fault) {
      case "refresh-401":
        await families.end(family);
        refreshCookie.clear(response);
        if (options.refuse) options.refuse(response);
        else next();
        return;
      case "refresh-403":
        response.status(403).type("html").send(BLOCK_PAGE);
        return;
      case "refresh-503":
        response.status(503).json({ error: "The refresh was made to fail by the fault button" });
        return;
      case "refresh-hang":
        // No answer: the client has to time out.
        return;
      default:
        fault satisfies never;
    }
  };
}
