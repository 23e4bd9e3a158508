import type { RequestHandler } from "express";

/**
 * Lets only the SDK's requests through. A form on another site cannot send this header. A script there needs a preflight
 * request first, which this server does not answer (S4).
 */
export const requireRequestedWith: RequestHandler = (request, response, next) => {
  if (request.get("X-Requested-With") === "authsocket") next();
  else response.status(403).json({ error: 'The header "X-Requested-With: authsocket" is missing' });
};
