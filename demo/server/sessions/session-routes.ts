import { promisify } from "node:util";
import { type RequestHandler, Router } from "express";
import { addressOf, isLimited } from "../guards/limits.ts";
import type { SignInParts } from "../sign-in/sign-in-parts.ts";
import { refuseRefresh } from "../sign-in/suspension.ts";
import { sessionRoom } from "../sockets/connections.ts";

/** Starts, renews and ends the server session: the refresh endpoint for `credential: "cookie"`. */
export function serverSessionRoutes(parts: SignInParts & { session: RequestHandler }): Router {
  const { session, accounts, families, refreshCookie, connections, limits } = parts;
  const router = Router();

  router.post("/session", session, async (request, response) => {
    if (await isLimited(response, [[limits.refreshesPerAddress, addressOf(request)]])) return;
    const family = await families.find(refreshCookie.read(request));
    const account = family && (await accounts.find(family.subject));
    if (!account) {
      response.status(401).json({ error: "There is nobody to start a session for: sign in" });
      return;
    }
    if (account.suspended) {
      refuseRefresh(response);
      return;
    }
    const now = Date.now();
    const current = request.session.visitor;
    if (current?.familyId === family.id) {
      // express-session saves a session only if it has changed, and then sends the cookie with a new lifetime.
      request.session.visitor = { ...current, renewedAt: now };
    } else {
      if (current) connections.endSession(sessionRoom(request.sessionID));
      // A new id, which nobody can have planted in this browser before the sign-in.
      await promisify(request.session.regenerate.bind(request.session))();
      const { suspended, ...profile } = account;
      request.session.visitor = { profile, familyId: family.id, startedAt: now, renewedAt: now, visits: 0 };
    }
    response.status(204).end();
  });

  // Destroying a session does not disconnect its sockets, so this does.
  router.delete("/session", session, async (request, response) => {
    const { sessionID } = request;
    await promisify(request.session.destroy.bind(request.session))();
    connections.endSession(sessionRoom(sessionID));
    response.status(204).end();
  });

  return router;
}
