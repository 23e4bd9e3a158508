import { Router } from "express";
import { addressOf, isLimited } from "../guards/limits.ts";
import type { RateLimit } from "../guards/rate-limit.ts";
import { requireRequestedWith } from "../guards/requested-with.ts";
import type { SignInParts } from "./sign-in-parts.ts";
import { refuseRefresh } from "./suspension.ts";

/** Exchanges the refresh cookie for a new access token and a new cookie. Each cookie can be used once. */
export function refreshRoute(parts: SignInParts): Router {
  const { accounts, accessTokens, families, refreshCookie, connections, limits } = parts;
  const router = Router();

  router.post("/refresh-token", requireRequestedWith, async (request, response) => {
    const secret = refreshCookie.read(request);
    const current = await families.find(secret);
    const counts: [RateLimit, string][] = [[limits.refreshesPerAddress, addressOf(request)]];
    if (current) counts.push([limits.refreshesPerFamily, current.id]);
    if (await isLimited(response, counts)) return;
    const rotation = await families.rotate(secret);
    if (rotation.outcome !== "rotated") {
      if (rotation.outcome === "reused")
        connections.endFamily(rotation.family, "a refresh token was used twice");
      refreshCookie.clear(response);
      response.status(401).json({ error: "There is no session to refresh: sign in" });
      return;
    }
    refreshCookie.set(response, rotation.secret);
    // Looked up each time, so that a changed role is in the next token.
    const account = await accounts.find(rotation.family.subject);
    if (!account || account.suspended) {
      refuseRefresh(response);
      return;
    }
    response.json(await accessTokens.issue(account, rotation.family.id));
  });

  return router;
}
