import express, { type RequestHandler, Router } from "express";
import { faultRoutes } from "../faults/fault-routes.ts";
import { requireOwnOrigin } from "../guards/origin-check.ts";
import { serverSessionRoutes } from "../sessions/session-routes.ts";
import { refreshRoute } from "../sign-in/refresh-route.ts";
import { signInRoutes } from "../sign-in/sign-in-routes.ts";

const noStore: RequestHandler = (_request, response, next) => {
  response.set("Cache-Control", "no-store");
  next();
};

type Parts = Parameters<typeof faultRoutes>[0] &
  Parameters<typeof signInRoutes>[0] &
  Parameters<typeof refreshRoute>[0] &
  Parameters<typeof serverSessionRoutes>[0] & { origin: string | undefined };

/** Everything under /api: JSON, for pages of this origin, never cached. */
export function api(parts: Parts): Router {
  const router = Router();
  router.use(
    noStore,
    requireOwnOrigin(parts.origin),
    express.json({ limit: "10kb" }),
    faultRoutes(parts),
    signInRoutes(parts),
    refreshRoute(parts),
    serverSessionRoutes(parts),
    (_request, response) => {
      response.status(404).json({ error: "There is nothing here" });
    },
  );
  return router;
}
